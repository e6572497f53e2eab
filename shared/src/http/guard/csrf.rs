//! Cross-site request forgery: what a page of another site must not do with our cookie.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::cors::is_allowed;
use crate::Platform;
use crate::http::Problem;
use crate::identity::{Proof, SignedIn};

/// A request that changes something needs to come from an allowed origin; with a session, it also needs the
/// session's CSRF token.
pub(super) async fn check(State(platform): State<Platform>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !safe && let Err(problem) = refuse(&platform, &request) {
        return problem.into_response();
    }
    next.run(request).await
}

fn refuse(platform: &Platform, request: &Request) -> Result<(), Problem> {
    let signed_in = request.extensions().get::<SignedIn>();
    let cookie = match signed_in.map(|signed_in| &signed_in.proof) {
        // A browser adds no Authorization header by itself, so no other site's page can have.
        Some(Proof::Bearer(_) | Proof::ApiKey(_)) => return Ok(()),
        Some(Proof::Cookie(token)) => Some(token),
        None => None,
    };
    if !comes_from_us(platform, request.headers()) {
        return Err(Problem::forbidden("cross_site", "This request came from a page of another site")
            .detail("If the page is one of yours, add its origin to WARD_ORIGINS."));
    }
    let Some(token) = cookie else { return Ok(()) };
    let sent = request.headers().get("x-csrf-token").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if token.csrf_matches(sent) {
        Ok(())
    } else {
        Err(Problem::forbidden("csrf_token_invalid", "The X-CSRF-Token header is missing or wrong")
            .detail("GET /api/auth/csrf gives the token of this session."))
    }
}

/// Browsers say where a request comes from in `Origin` or `Sec-Fetch-Site`; a client that sends neither is not one.
fn comes_from_us(platform: &Platform, headers: &HeaderMap) -> bool {
    if let Some(origin) = headers.get(header::ORIGIN) {
        return is_allowed(platform, origin);
    }
    headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none")
}
