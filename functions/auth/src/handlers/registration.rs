use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::http::{JsonBody, Problem, ProblemBody, cookie_value};
use utoipa::ToSchema;
use webauthn_rs::prelude::RegisterPublicKeyCredential;

use super::credential::Credential;
use super::{SignedInBody, with_cookies};
use crate::App;
use crate::domain::sign_in::SessionMode;
use crate::domain::{Ceremony, Client, registration};
use crate::model::{DisplayName, Profile, Username};

/// Who wants to register.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUser {
    /// 1 to 64 characters.
    username: String,
    /// 1 to 64 characters.
    display_name: String,
}

// `Credential` refuses what is neither.
/// `RegistrationResponseJSON` (WebAuthn Level 3), and what the session is to be.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Attestation {
    #[serde(flatten)]
    #[schema(value_type = Object)]
    credential: Credential<RegisterPublicKeyCredential>,
    #[serde(default)]
    session: SessionMode,
}

/// Begins the registration of a new user: options for `startRegistration({ optionsJSON })`.
#[utoipa::path(post, path = "/api/auth/passkeys/registration/options", tag = "auth", security(()), request_body = NewUser,
    responses(
        (status = 200, description = "PublicKeyCredentialCreationOptionsJSON (WebAuthn Level 3)", body = Value),
        (status = 400, description = "A name is not of its form", body = ProblemBody),
    ))]
pub(crate) async fn options(State(app): State<App>, JsonBody(body): JsonBody<NewUser>) -> Result<Response, Problem> {
    let profile =
        Profile { username: Username::parse(&body.username)?, display_name: DisplayName::parse(&body.display_name)? };
    let (options, secret) = registration::options(&app, profile).await?;
    Ok(with_cookies(Json(options), [Ceremony::Registration.cookie(&secret)]))
}

/// Ends the registration: checks the passkey, stores the user and signs in.
#[utoipa::path(post, path = "/api/auth/passkeys/registration/verify", tag = "auth", security(()),
    request_body(content = Attestation, description = "RegistrationResponseJSON (WebAuthn Level 3), and `session`"),
    responses(
        (status = 201, description = "Registered and signed in", body = SignedInBody),
        (status = 400, description = "The attempt is over or the passkey does not fit", body = ProblemBody),
        (status = 409, description = "The username is taken or the passkey is known", body = ProblemBody),
        (status = 429, description = "Too many taken usernames were asked for", body = ProblemBody),
    ))]
pub(crate) async fn verify(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    JsonBody(answer): JsonBody<Attestation>,
) -> Result<Response, Problem> {
    let cookie = cookie_value(&headers, Ceremony::Registration.cookie_name());
    let welcome = registration::verify(&app, &client, cookie.as_deref(), &answer.credential.0, answer.session).await?;
    Ok((StatusCode::CREATED, welcome).into_response())
}
