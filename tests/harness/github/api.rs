//! The API, for whoever has a token that holds.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Fault, GitHub, GitHubUser};

impl GitHub {
    /// Who the token is of.
    fn caller(&self, headers: &HeaderMap) -> Result<GitHubUser, StatusCode> {
        let server = self.lock();
        if server.fault == Fault::Api {
            return Err(StatusCode::SERVICE_UNAVAILABLE);
        }
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let token = bearer.and_then(|token| server.tokens.get(token)).ok_or(StatusCode::UNAUTHORIZED)?;
        let over = token.expires_at.is_some_and(|end| server.clock.as_ref().is_some_and(|clock| clock.now() >= end));
        if over { Err(StatusCode::UNAUTHORIZED) } else { Ok(server.user(token.user_id).clone()) }
    }
}

pub(super) async fn user(State(github): State<GitHub>, headers: HeaderMap) -> Result<Json<Value>, StatusCode> {
    github.note(&Method::GET, "/user", &headers, b"");
    let user = github.caller(&headers)?;
    // The profile's address is whatever the user likes to show.
    Ok(Json(json!({"id": user.id, "login": user.login, "name": user.name, "email": "shown@anywhere.example"})))
}

pub(super) async fn emails(State(github): State<GitHub>, headers: HeaderMap) -> Result<Json<Value>, StatusCode> {
    let user = github.caller(&headers)?;
    if github.lock().fault == Fault::NoAddresses {
        return Err(StatusCode::NOT_FOUND);
    }
    let emails = user.emails.iter().map(|(email, primary, verified)| {
        json!({"email": email, "primary": primary, "verified": verified, "visibility": null})
    });
    Ok(Json(emails.collect()))
}

/// Writes the request down. What it answers hangs on the repository's name.
pub(super) async fn anything(
    State(github): State<GitHub>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = uri.to_string();
    let target = target.strip_prefix("/api").unwrap_or(&target);
    github.note(&method, target, &headers, &body);
    if let Err(status) = github.caller(&headers) {
        return (status, Json(json!({"message": "Bad credentials"}))).into_response();
    }
    let limits =
        [("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", "4999"), ("x-ratelimit-reset", "1773500000")];
    let message = |text: &str| Json(json!({"message": text}));
    match target.split('/').nth(3) {
        Some("moved") => {
            let elsewhere = format!("http://127.0.0.1:{}/evil", github.port);
            (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, elsewhere)], message("Moved Permanently"))
                .into_response()
        }
        Some("missing") => (StatusCode::NOT_FOUND, limits, message("Not Found")).into_response(),
        Some("limited") => {
            let wait = [(header::RETRY_AFTER, "60")];
            (StatusCode::FORBIDDEN, wait, limits, message("You have exceeded a secondary rate limit")).into_response()
        }
        Some("broken") => (StatusCode::INTERNAL_SERVER_ERROR, "a secret cause").into_response(),
        Some("page") => ([(header::CONTENT_TYPE, "text/html")], "<script>alert(1)</script>").into_response(),
        Some("large") => ([(header::CONTENT_TYPE, "application/json")], " ".repeat(6 << 20)).into_response(),
        _ if target.ends_with("/dispatches") => (StatusCode::NO_CONTENT, limits).into_response(),
        _ => {
            let next = "<http://127.0.0.1/repositories/1/issues?page=2>; rel=\"next\"";
            let cookie = [(header::SET_COOKIE, "_gh_sess=x"), (header::LINK, next)];
            let status = if method == Method::POST { StatusCode::CREATED } else { StatusCode::OK };
            (status, limits, cookie, Json(json!({"asked": target}))).into_response()
        }
    }
}
