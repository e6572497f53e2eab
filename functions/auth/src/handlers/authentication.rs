use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::http::{JsonBody, Problem, ProblemBody, cookie_value};
use utoipa::ToSchema;
use webauthn_rs::prelude::PublicKeyCredential;

use super::credential::Credential;
use super::{SignedInBody, with_cookies};
use crate::App;
use crate::domain::sign_in::SessionMode;
use crate::domain::{Ceremony, Client, authentication};

// `Credential` refuses what is neither.
/// `AuthenticationResponseJSON` (WebAuthn Level 3), and what the session is to be.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Assertion {
    #[serde(flatten)]
    #[schema(value_type = Object)]
    credential: Credential<PublicKeyCredential>,
    #[serde(default)]
    session: SessionMode,
}

/// Begins a sign-in with whichever passkey the user chooses: options for `startAuthentication({ optionsJSON })`.
#[utoipa::path(post, path = "/api/auth/passkeys/authentication/options", tag = "auth", security(()),
    responses((status = 200, description = "PublicKeyCredentialRequestOptionsJSON (WebAuthn Level 3)", body = Value)))]
pub(crate) async fn options(State(app): State<App>) -> Result<Response, Problem> {
    let (options, secret) = authentication::options(&app).await?;
    Ok(with_cookies(Json(options), [Ceremony::Authentication.cookie(&secret)]))
}

/// Ends the sign-in: checks the signature and begins a session.
#[utoipa::path(post, path = "/api/auth/passkeys/authentication/verify", tag = "auth", security(()),
    request_body(content = Assertion, description = "AuthenticationResponseJSON (WebAuthn Level 3), and `session`"),
    responses(
        (status = 200, description = "Signed in", body = SignedInBody),
        (status = 400, description = "The attempt is over", body = ProblemBody),
        (status = 401, description = "This passkey signs nobody in", body = ProblemBody),
        (status = 429, description = "Too many attempts with this passkey from this address", body = ProblemBody),
    ))]
pub(crate) async fn verify(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    JsonBody(answer): JsonBody<Assertion>,
) -> Result<Response, Problem> {
    let cookie = cookie_value(&headers, Ceremony::Authentication.cookie_name());
    let welcome =
        authentication::verify(&app, &client, cookie.as_deref(), &answer.credential.0, answer.session).await?;
    Ok(welcome.into_response())
}
