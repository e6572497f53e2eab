//! `/login/oauth` and `/applications`.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::collections::HashMap;
use url::{Url, form_urlencoded};

use super::{CLIENT_ID, CLIENT_SECRET, Code, Fault, GitHub, TOKEN_MARK};

impl GitHub {
    /// What GitHub's page does with an address: sends the browser back with a code, where all is right.
    ///
    /// # Errors
    /// What is wrong.
    pub fn visit(&self, address: &str) -> Result<String, String> {
        let url = Url::parse(address).map_err(|error| error.to_string())?;
        let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
        let get = |name: &str| query.get(name).map(String::as_str).ok_or_else(|| format!("no {name}"));
        let expect = |name: &str, right: &str| {
            let is = get(name)?;
            if is == right { Ok(()) } else { Err(format!("{name} is {is}")) }
        };
        if (url.host_str(), url.port(), url.path()) != (Some("127.0.0.1"), Some(self.port), "/login/oauth/authorize") {
            return Err(format!("not my page: {address}"));
        }
        expect("response_type", "code")?;
        expect("client_id", CLIENT_ID)?;
        expect("redirect_uri", "http://localhost:9000/api/auth/github/callback")?;
        expect("code_challenge_method", "S256")?;
        let (state, challenge) = (get("state")?, get("code_challenge")?);
        if state.len() < 43 || challenge.len() != 43 {
            return Err("a state or challenge too short to be one".into());
        }
        let mut back = Url::parse(get("redirect_uri")?).map_err(|error| error.to_string())?;
        let mut server = self.lock();
        if server.fault == Fault::Denies {
            back.query_pairs_mut()
                .append_pair("error", "access_denied")
                .append_pair("error_description", "The user has denied your application access.")
                .append_pair("state", state);
            return Ok(back.into());
        }
        server.issued += 1;
        let code = format!("{TOKEN_MARK}-c{}", server.issued);
        let user_id = server.users.last().expect("somebody is signed in").id;
        let scopes = get("scope")?.split(' ').map(str::to_owned).collect();
        let kept = Code { user_id, challenge: challenge.into(), redirect_uri: get("redirect_uri")?.into(), scopes };
        server.codes.insert(code.clone(), kept);
        back.query_pairs_mut().append_pair("code", &code).append_pair("state", state);
        Ok(back.into())
    }
}

pub(super) async fn authorize(State(github): State<GitHub>, RawQuery(query): RawQuery) -> Response {
    let address = format!("http://127.0.0.1:{}/login/oauth/authorize?{}", github.port, query.unwrap_or_default());
    match github.visit(&address) {
        Ok(back) => (StatusCode::FOUND, [(header::LOCATION, back)]).into_response(),
        Err(wrong) => (StatusCode::BAD_REQUEST, wrong).into_response(),
    }
}

/// Errors come with status 200, as GitHub's do.
pub(super) async fn access_token(State(github): State<GitHub>, headers: HeaderMap, body: String) -> Response {
    let form: HashMap<String, String> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    github.arrived.notify_one();
    let _open = github.gate.read().await;
    let mut server = github.lock();
    if server.fault == Fault::Tokens {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if headers[header::ACCEPT] != "application/json" {
        return "access_token=form-encoded".into_response();
    }
    if (get("client_id"), get("client_secret")) != (CLIENT_ID, CLIENT_SECRET) {
        return error("incorrect_client_credentials");
    }
    if get("grant_type") == "refresh_token" {
        let Some(token) = server.refresh_tokens.remove(get("refresh_token")) else { return error("bad_refresh_token") };
        server.refreshes += 1;
        // The access token issued with it holds no more, either.
        server.tokens.retain(|_, other| other.user_id != token.user_id || other.expires_at != token.expires_at);
        return server.issue(token.user_id, token.scopes).into_response();
    }
    let Some(code) = server.codes.remove(get("code")) else { return error("bad_verification_code") };
    if code.redirect_uri != get("redirect_uri") {
        return error("redirect_uri_mismatch");
    }
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, get("code_verifier").as_bytes()));
    if code.challenge != challenge || get("code_verifier").len() < 43 {
        return error("bad_verification_code");
    }
    server.issue(code.user_id, code.scopes).into_response()
}

fn error(name: &str) -> Response {
    Json(json!({"error": name, "error_description": "…", "error_uri": "https://docs.github.com"})).into_response()
}

pub(super) async fn revoke(
    State(github): State<GitHub>,
    Path((client, what)): Path<(String, String)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    github.note(&Method::DELETE, &format!("/applications/{client}/{what}"), &headers, body.to_string().as_bytes());
    let mut server = github.lock();
    let right = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
    if server.fault == Fault::Api {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if headers[header::AUTHORIZATION] != right.as_str() || client != CLIENT_ID {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Some(token) = body["access_token"].as_str().and_then(|token| server.tokens.remove(token)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if what == "grant" {
        server.tokens.retain(|_, other| other.user_id != token.user_id);
        server.refresh_tokens.retain(|_, other| other.user_id != token.user_id);
    }
    StatusCode::NO_CONTENT.into_response()
}
