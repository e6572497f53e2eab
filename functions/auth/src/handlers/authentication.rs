use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use shared::http::{JsonBody, Problem, ProblemBody, SetCookies, cookie_value};
use shared::identity::RequestMeta;
use webauthn_rs::prelude::PublicKeyCredential;

use super::{Before, SignedInBody, sign_in};
use crate::App;
use crate::domain::{Ceremony, authentication};

/// Begins a sign-in with whichever passkey the user chooses: options for `startAuthentication({ optionsJSON })`.
#[utoipa::path(post, path = "/api/auth/passkeys/authentication/options", tag = "auth",
    responses((status = 200, description = "PublicKeyCredentialRequestOptionsJSON (WebAuthn Level 3)", body = Value)))]
pub(crate) async fn options(State(app): State<App>) -> Result<Response, Problem> {
    let (options, cookie) = authentication::options(&app).await?;
    Ok((SetCookies([cookie]), Json(options)).into_response())
}

/// Ends the sign-in: checks the signature and begins a session.
#[utoipa::path(post, path = "/api/auth/passkeys/authentication/verify", tag = "auth",
    request_body(content = Value, description = "AuthenticationResponseJSON (WebAuthn Level 3)"),
    responses(
        (status = 200, description = "Signed in", body = SignedInBody),
        (status = 400, description = "The attempt is over", body = ProblemBody),
        (status = 401, description = "This passkey signs nobody in", body = ProblemBody),
        (status = 429, description = "Too many attempts with this passkey from this address", body = ProblemBody),
    ))]
pub(crate) async fn verify(
    State(app): State<App>,
    request: RequestMeta,
    headers: HeaderMap,
    before: Before,
    JsonBody(answer): JsonBody<PublicKeyCredential>,
) -> Result<Response, Problem> {
    let cookie = cookie_value(&headers, Ceremony::Authentication.cookie_name());
    let (user, signed_in) = authentication::verify(&app, request, cookie.as_deref(), &answer).await?;
    sign_in(&app, Ceremony::Authentication, before, user, &signed_in).await
}
