use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use serde::Serialize;
use shared::http::{Problem, ProblemBody};
use shared::identity::PublicJwk;
use utoipa::ToSchema;

use crate::App;

/// A JWK Set (RFC 7517, section 5).
#[derive(Serialize, ToSchema)]
pub(crate) struct JwkSet {
    /// The keys, the newest first.
    keys: Vec<PublicJwk>,
}

/// The public keys that access tokens are signed by.
///
/// For whoever checks tokens without asking Ward. A new key is here for five minutes before it signs; one that no longer
/// signs stays for an hour, as long as its last token holds.
///
/// Tokens are JWTs (RFC 9068) signed by ES256, with `typ` `at+jwt`. `aud` is `<WARD_APP>-<WARD_ENV>`; `iss` is `WARD_ISSUER`,
/// or without it the first of `WARD_ORIGINS`, with no slash at its end. Whoever checks by these keys alone sees a revocation
/// or a change of role only when the token ends, up to an hour later; `POST /api/auth/validate` sees it at once.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "auth", security(()), responses(
    (status = 200, description = "The JWK Set; it may be kept for five minutes", body = JwkSet),
    (status = 503, description = "The database does not answer", body = ProblemBody),
))]
pub(crate) async fn jwks(State(app): State<App>) -> Result<impl IntoResponse, Problem> {
    if let Some(signer) = &app.signer {
        signer.publish().await?;
    }
    let keys = app.platform.tokens.published().await?;
    Ok(([(header::CACHE_CONTROL, "public, max-age=300")], Json(JwkSet { keys })))
}

/// The origins that may use this relying party's passkeys.
#[derive(Serialize, ToSchema)]
pub(crate) struct RelatedOrigins {
    /// As in `WARD_ORIGINS`.
    origins: Vec<String>,
}

/// Which other origins may use the passkeys of this domain (WebAuthn Level 3, section 5.11). Browsers ask for it at the
/// relying party's id where that is not the page's own.
#[utoipa::path(get, path = "/.well-known/webauthn", tag = "auth", security(()),
    responses((status = 200, description = "The origins", body = RelatedOrigins)))]
pub(crate) async fn webauthn(State(app): State<App>) -> ([(HeaderName, &'static str); 1], Json<RelatedOrigins>) {
    let origins = app.platform.settings.origins.iter().map(|url| url.origin().ascii_serialization()).collect();
    ([(header::CACHE_CONTROL, "public, max-age=3600")], Json(RelatedOrigins { origins }))
}
