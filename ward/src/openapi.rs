//! The description of the whole API, put together from the functions'.

use utoipa::openapi::{Info, License, OpenApi, OpenApiBuilder};

const ABOUT: &str = "Sign-in, an encrypted store, chats with a model, and what they cost. Errors are \
    application/problem+json (RFC 9457) with a stable code. Signed in by the cookie __Host-ward_session; a request \
    that changes something also carries the session's X-CSRF-Token. Beside what each path names, any request may be \
    answered with 403 (cross_site, csrf_token_invalid), 413, 415, 422, 429 (rate_limited) or 503 (unavailable).";

/// All paths of all functions.
pub fn description() -> OpenApi {
    let mut license = License::new("Apache-2.0");
    license.identifier = Some("Apache-2.0".into());
    let mut info = Info::new("Ward", env!("CARGO_PKG_VERSION"));
    info.description = Some(ABOUT.into());
    info.license = Some(license);
    let mut all = OpenApiBuilder::new().info(info).build();
    for part in [auth::openapi(), storage::openapi(), chat::openapi(), usage::openapi(), health::openapi()] {
        all.merge(part);
    }
    all
}

/// The description as it is checked in: pretty JSON, without a line feed at its end.
///
/// # Errors
/// serde's, which a description never causes.
pub fn json() -> serde_json::Result<String> {
    serde_json::to_string_pretty(&description())
}
