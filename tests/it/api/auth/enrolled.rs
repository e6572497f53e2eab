//! What users of [`super::people`] get beside their password: an authenticator app, proved addresses, codes.

use std::process::Command;

use axum::http::{HeaderValue, Method, header};
use serde_json::{Value, json};
use tests::{Answer, Browser, TestApp};

use super::people::{LOGIN, PASSWORD, user};

/// Sends a JSON body and keeps the CSRF token of the answer, as a page does.
pub async fn post(browser: &mut Browser, path: &str, body: Value) -> Answer {
    let answer = browser.post(path, body).await;
    if answer.status.is_success()
        && !answer.body.is_empty()
        && let Some(csrf) = answer.json()["csrf_token"].as_str()
    {
        browser.csrf = Some(csrf.to_owned());
    }
    answer
}

/// Signs in with the password, whatever the answer.
pub async fn log_in(browser: &mut Browser, username: &str) -> Answer {
    browser.lose_session();
    post(browser, LOGIN, json!({"username": username, "password": PASSWORD})).await
}

/// The challenge of a password sign-in that asks for a second factor.
pub async fn challenge(browser: &mut Browser, username: &str) -> String {
    let answer = log_in(browser, username).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.json()["second_factor"]["challenge"].as_str().unwrap().to_owned()
}

/// Ends a sign-in by its second factor, whatever the answer.
pub async fn answer(browser: &mut Browser, challenge: &str, method: &str, code: &str) -> Answer {
    post(browser, "/api/auth/second-factor", json!({"challenge": challenge, "method": method, "code": code})).await
}

/// Steps up by something that is typed, whatever the answer.
pub async fn step_up(browser: &mut Browser, method: &str, code: &str) -> Answer {
    let name = if method == "password" { "password" } else { "code" };
    post(browser, "/api/auth/step-up", json!({"method": method, name: code})).await
}

/// An authenticator app: `oathtool`, by the test's clock.
#[derive(Clone)]
pub struct AuthenticatorApp {
    pub secret: String,
}

impl AuthenticatorApp {
    /// The code it shows now.
    pub fn code(&self, app: &TestApp) -> String {
        self.code_in(app, 0)
    }

    /// The code it shows some seconds later, or earlier.
    pub fn code_in(&self, app: &TestApp, seconds: i64) -> String {
        let at = app.clock.now() + jiff::SignedDuration::from_secs(seconds);
        let at = at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
        let output = Command::new("oathtool").args(["--totp=sha1", "-b", &self.secret, "-N", &at]).output();
        let output = output.expect("oathtool is missing: run `cargo xtask setup`");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A code that is none of the steps around now.
    pub fn wrong(&self, app: &TestApp) -> String {
        let near = [-30, 0, 30].map(|seconds| self.code_in(app, seconds));
        (0..4).map(|number| format!("{number:06}")).find(|code| !near.contains(code)).unwrap()
    }
}

/// Begins to enrol an authenticator app.
pub async fn begin_totp(browser: &mut Browser) -> AuthenticatorApp {
    let answer = browser.post("/api/auth/factors/totp", Value::Null).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    AuthenticatorApp { secret: answer.json()["secret"].as_str().unwrap().to_owned() }
}

/// Enrols an authenticator app; gives it and, where it is the first factor, the backup codes. The clock goes on by a
/// step, so that its next code is another one.
pub async fn enrol_totp(app: &TestApp, browser: &mut Browser) -> (AuthenticatorApp, Vec<String>) {
    let totp = begin_totp(browser).await;
    let answer = post(browser, "/api/auth/factors/totp/confirm", json!({"code": totp.code(app)})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    app.clock.advance(30);
    (totp, codes(&answer))
}

/// A user of that name with an authenticator app, and the app, and the backup codes.
pub async fn guarded(app: &TestApp, username: &str) -> (Browser, AuthenticatorApp, Vec<String>) {
    let mut browser = user(app, username).await;
    let (totp, backup) = enrol_totp(app, &mut browser).await;
    (browser, totp, backup)
}

/// The backup codes of an answer, where there are any.
pub fn codes(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let codes = body["backup_codes"].as_array().map(Vec::as_slice).unwrap_or_default();
    codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

/// The code of the newest message to an address.
pub fn code_sent_to(app: &TestApp, address: &str) -> String {
    let sent = app.outbox().into_iter().find(|sent| sent.to == address && sent.code.is_some());
    sent.unwrap_or_else(|| panic!("no code went to {address}")).code.unwrap()
}

/// Adds an address and proves it; gives its id.
pub async fn add_address(app: &TestApp, browser: &mut Browser, kind: &str, address: &str) -> String {
    let id = add_unproved(browser, kind, address).await;
    let path = format!("/api/auth/contacts/{id}/verify");
    let answer = browser.post(&path, json!({"code": code_sent_to(app, address)})).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    id
}

/// Adds an address; gives its id.
pub async fn add_unproved(browser: &mut Browser, kind: &str, address: &str) -> String {
    let answer = browser.post("/api/auth/contacts", json!({"kind": kind, "address": address})).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// Enrols codes to a proved address, whatever the answer.
pub async fn enrol_codes(browser: &mut Browser, method: &str) -> Answer {
    post(browser, "/api/auth/factors/codes", json!({"method": method})).await
}

/// Sends a request with an access token in place of the cookie.
pub async fn with_token(browser: &Browser, token: &str, method: Method, path: &str, body: Value) -> Answer {
    let mut browser = browser.clone();
    browser.lose_session();
    let body = (method != Method::GET).then(|| ("application/json", body.to_string().into_bytes()));
    let mut request = browser.request(&method, path, body);
    let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    request.headers_mut().insert(header::AUTHORIZATION, value);
    browser.send_request(request).await
}
