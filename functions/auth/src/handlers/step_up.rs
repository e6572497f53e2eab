use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use shared::http::{JsonBody, Problem, ProblemBody};
use shared::identity::{Caller, SessionKind, SignedIn};
use utoipa::ToSchema;
use webauthn_rs::prelude::PublicKeyCredential;

use super::credential::Credential;
use super::second_factor::SentBody;
use super::{TokensBody, with_cookies};
use crate::App;
use crate::domain::factor_step_up::{self, by_code};
use crate::domain::second_factor::Factor;
use crate::domain::{Client, bearer, passkey_step_up};
use crate::password::Password;

/// A factor shown again.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum StepUpBody {
    /// A passkey's answer to the options of `POST /api/auth/step-up/options`.
    Passkey {
        /// `AuthenticationResponseJSON` (WebAuthn Level 3).
        #[schema(value_type = Value)]
        credential: Credential<PublicKeyCredential>,
    },
    /// The password; only where the account has nothing stronger.
    Password {
        /// The account's.
        password: String,
    },
    /// A code of the authenticator app.
    Totp {
        /// Six digits.
        code: String,
    },
    /// One of the ten that were shown once.
    BackupCode {
        /// Ten letters and digits.
        code: String,
    },
    /// A code by email; only where the account has nothing stronger.
    Email {
        /// Six digits.
        code: String,
    },
    /// A code by SMS.
    Sms {
        /// Six digits.
        code: String,
    },
}

/// Where a code is to go.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendStepUpCode {
    /// `email` or `sms`.
    method: Factor,
}

/// The session after a step-up.
#[derive(Serialize, ToSchema)]
pub(crate) struct SteppedUpBody {
    /// What `X-CSRF-Token` has to be from here on; only with a cookie, which is new as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf_token: Option<String>,
    #[serde(flatten)]
    tokens: Option<TokensBody>,
}

impl SteppedUpBody {
    /// What the client has to hold from here on. A session in tokens keeps its refresh token; what it may do now is in
    /// the access token.
    pub(super) async fn of(app: &App, signed_in: &SignedIn) -> Result<Self, Problem> {
        let tokens = match signed_in.session.kind {
            SessionKind::Bearer => Some(bearer::access(app, &signed_in.session).await?.into()),
            _ => None,
        };
        Ok(Self { csrf_token: signed_in.csrf(), tokens })
    }
}

/// Sends the code of a second factor for a step-up.
#[utoipa::path(post, path = "/api/auth/step-up/send", tag = "auth", request_body = SendStepUpCode, responses(
    (status = 202, description = "Sent", body = SentBody),
    (status = 400, description = "The account has no such factor", body = ProblemBody),
    (status = 403, description = "The account has a stronger factor", body = ProblemBody),
    (status = 429, description = "Too many codes", body = ProblemBody),
    (status = 503, description = "No provider took the message", body = ProblemBody),
))]
pub(crate) async fn send(
    State(app): State<App>,
    caller: Caller,
    client: Client,
    JsonBody(body): JsonBody<SendStepUpCode>,
) -> Result<(StatusCode, Json<SentBody>), Problem> {
    let sent = factor_step_up::send(&app, &client, &caller, body.method).await?;
    Ok((StatusCode::ACCEPTED, Json(sent.into())))
}

/// Begins a step-up with a passkey of the account: options for `startAuthentication({ optionsJSON })`.
#[utoipa::path(post, path = "/api/auth/step-up/options", tag = "auth", responses(
    (status = 200, description = "PublicKeyCredentialRequestOptionsJSON (WebAuthn Level 3)", body = Value),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
    (status = 409, description = "The account has no passkey", body = ProblemBody),
))]
pub(crate) async fn options(State(app): State<App>, caller: Caller) -> Result<Json<serde_json::Value>, Problem> {
    passkey_step_up::options(&app, &caller).await.map(Json)
}

/// Shows again that it is the user who is there: what needs a recent step-up is open to the session for 15 minutes.
#[utoipa::path(post, path = "/api/auth/step-up", tag = "auth", request_body = StepUpBody, responses(
    (status = 200, description = "Stepped up. With a cookie there is a new one, and the old one is over; with tokens there is a new access token, and the \
        old one holds to its end", body = SteppedUpBody),
    (status = 400, description = "The attempt is over, or the code or password is not right", body = ProblemBody),
    (status = 401, description = "Nobody is signed in, or the passkey is not right", body = ProblemBody),
    (status = 403, description = "The account has a stronger factor", body = ProblemBody),
    (status = 429, description = "Too many attempts", body = ProblemBody),
))]
pub(crate) async fn verify(
    State(app): State<App>,
    caller: Caller,
    client: Client,
    JsonBody(body): JsonBody<StepUpBody>,
) -> Result<Response, Problem> {
    let signed_in = match body {
        StepUpBody::Passkey { credential } => {
            Box::pin(passkey_step_up::verify(&app, &client, &caller, &credential.0)).await?
        }
        StepUpBody::Password { password } => {
            factor_step_up::by_password(&app, &client, &caller, &Password::parse(password)?).await?
        }
        StepUpBody::Totp { code } => by_code(&app, &client, &caller, Factor::Totp, &code).await?,
        StepUpBody::BackupCode { code } => by_code(&app, &client, &caller, Factor::BackupCode, &code).await?,
        StepUpBody::Email { code } => by_code(&app, &client, &caller, Factor::Email, &code).await?,
        StepUpBody::Sms { code } => by_code(&app, &client, &caller, Factor::Sms, &code).await?,
    };
    Ok(with_cookies(Json(SteppedUpBody::of(&app, &signed_in).await?), signed_in.cookie()))
}
