use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::Authenticator;
use super::app::ORIGIN;

/// A browser: keeps cookies, says where it comes from, knows its session's CSRF token.
#[derive(Clone)]
pub struct Browser {
    router: Router,
    /// The cookies it keeps.
    pub cookies: BTreeMap<String, String>,
    /// What it sends as `X-CSRF-Token`.
    pub csrf: Option<String>,
    /// The access token it sends, as an app does.
    pub bearer: Option<String>,
    /// What it sends as `Origin`.
    pub origin: Option<String>,
    /// The address it connects from.
    pub address: SocketAddr,
    /// The passkeys it holds.
    pub authenticator: Authenticator,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The problem's code, where it is one with all its parts.
    pub fn code(&self) -> String {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json", "{}", self.text());
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        assert_eq!(problem["request_id"], self.headers["x-request-id"].to_str().unwrap());
        problem["code"].as_str().expect("a code").to_owned()
    }

    /// The events of a stream: names and data.
    pub fn events(&self) -> Vec<(String, Value)> {
        self.text()
            .split("\n\n")
            .filter(|event| event.starts_with("event:"))
            .map(|event| {
                let (name, data) = event.split_once('\n').expect("two lines");
                let name = name.trim_start_matches("event:").trim().to_owned();
                (name, serde_json::from_str(data.trim_start_matches("data:").trim()).expect("JSON data"))
            })
            .collect()
    }
}

impl Browser {
    /// A browser that talks to a router.
    pub fn new(router: Router) -> Self {
        Self {
            router,
            cookies: BTreeMap::new(),
            csrf: None,
            bearer: None,
            origin: Some(ORIGIN.into()),
            address: SocketAddr::from(([192, 0, 2, 7], 50_000)),
            authenticator: Authenticator::new(ORIGIN, "localhost"),
        }
    }

    /// The same browser, with its cookies and passkeys, before another router.
    #[must_use]
    pub fn on(&self, router: Router) -> Self {
        Self { router, ..self.clone() }
    }

    /// Sends a request without a body.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// Sends a JSON body.
    pub async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(("application/json", body.to_string().into_bytes()))).await
    }

    /// Sends a DELETE.
    pub async fn delete(&mut self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// Sends a JSON body as a PATCH.
    pub async fn patch(&mut self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(("application/json", body.to_string().into_bytes()))).await
    }

    /// Sends any body of any type.
    pub async fn send(&mut self, method: Method, path: &str, body: Option<(&str, Vec<u8>)>) -> Answer {
        let request = self.request(&method, path, body);
        self.send_request(request).await
    }

    /// Sends a request as it is.
    pub async fn send_request(&mut self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("a router never fails");
        let (parts, body) = response.into_parts();
        self.keep_cookies(&parts.headers);
        let body = body.collect().await.expect("a body that ends").to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// The request, with everything a browser adds.
    pub fn request(&self, method: &Method, path: &str, body: Option<(&str, Vec<u8>)>) -> Request<Body> {
        let mut request = Request::builder().method(method).uri(path).extension(ConnectInfo(self.address));
        if *method != Method::GET
            && let Some(origin) = &self.origin
        {
            request = request.header(header::ORIGIN, origin);
        }
        if let Some(csrf) = &self.csrf {
            request = request.header("x-csrf-token", csrf);
        }
        if let Some(token) = &self.bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        let body = match body {
            Some((kind, body)) => {
                request = request.header(header::CONTENT_TYPE, kind);
                Body::from(body)
            }
            None => Body::empty(),
        };
        request.body(body).expect("a request")
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Registers a new user with a new passkey; gives the user's id.
    pub async fn register(&mut self, username: &str) -> String {
        let answer = self.try_register(username).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        answer.json()["user"]["id"].as_str().unwrap().to_owned()
    }

    /// Registers, whatever the answer.
    pub async fn try_register(&mut self, username: &str) -> Answer {
        let names = json!({"username": username, "display_name": format!("Display {username}")});
        let options = self.post("/api/auth/passkeys/registration/options", names).await;
        assert_eq!(options.status, StatusCode::OK, "{}", options.text());
        let credential = self.authenticator.create(&options.json());
        let answer = self.post("/api/auth/passkeys/registration/verify", credential).await;
        self.remember_csrf(&answer);
        answer
    }

    /// Signs in with the passkey it holds.
    pub async fn sign_in(&mut self) -> Answer {
        let options = self.post("/api/auth/passkeys/authentication/options", Value::Null).await;
        assert_eq!(options.status, StatusCode::OK, "{}", options.text());
        let assertion = self.authenticator.get(&options.json());
        let answer = self.post("/api/auth/passkeys/authentication/verify", assertion).await;
        self.remember_csrf(&answer);
        answer
    }

    /// Forgets its session without telling anybody.
    pub fn lose_session(&mut self) {
        self.cookies.remove("__Host-ward_session");
        self.csrf = None;
    }

    /// Adds a passkey to the account it is signed in to, whatever the answer.
    pub async fn add_passkey(&mut self, name: &str) -> Answer {
        let options = self.post("/api/auth/passkeys/options", Value::Null).await;
        assert_eq!(options.status, StatusCode::OK, "{}", options.text());
        // Another authenticator: the one that holds a passkey of the account already makes none.
        let mut other = Authenticator { credentials: Vec::new(), ..self.authenticator.clone() };
        let credential = other.create(&options.json());
        self.authenticator.credentials.extend(other.credentials);
        self.post("/api/auth/passkeys", json!({"name": name, "credential": credential})).await
    }

    /// Shows a passkey of the account it is signed in to, whatever the answer.
    pub async fn step_up(&mut self) -> Answer {
        let options = self.post("/api/auth/step-up/options", Value::Null).await;
        assert_eq!(options.status, StatusCode::OK, "{}", options.text());
        let credential = self.authenticator.get(&options.json());
        let answer = self.post("/api/auth/step-up", json!({"method": "passkey", "credential": credential})).await;
        self.remember_csrf(&answer);
        answer
    }

    fn remember_csrf(&mut self, answer: &Answer) {
        if answer.status.is_success() {
            self.csrf = answer.json()["csrf_token"].as_str().map(str::to_owned);
        }
    }
}

impl Browser {
    /// Sends a GET and gives the answer unread.
    pub async fn open(&self, path: &str) -> axum::response::Response {
        self.router.clone().oneshot(self.request(&Method::GET, path, None)).await.expect("a router never fails")
    }

    /// Sends a JSON body and goes away once the answer has begun.
    pub async fn abandon(&self, path: &str, body: Value) {
        let body = Some(("application/json", body.to_string().into_bytes()));
        let response = self.router.clone().oneshot(self.request(&Method::POST, path, body)).await.expect("a response");
        assert_eq!(response.status(), StatusCode::OK);
        drop(response);
    }
}
