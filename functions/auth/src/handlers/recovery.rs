use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::http::{JsonBody, Problem, ProblemBody};
use shared::identity::RequestMeta;
use utoipa::ToSchema;
use webauthn_rs::prelude::RegisterPublicKeyCredential;

use super::credential::Credential;
use super::second_factor::SentBody;
use crate::App;
use crate::domain::Client;
use crate::domain::recovery::{self, Recovered, Replacement, SecondFactor};
use crate::domain::second_factor::Factor;
use crate::model::EmailAddress;
use crate::password::Password;

/// Whose account is to be recovered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecoveryRequest {
    email: String,
}

/// The token of a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkToken {
    /// What follows `token=` in the link of a recovery or an invitation.
    token: String,
}

/// Which second factor's code is to be sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendRecoveryCode {
    token: String,
    /// `sms`.
    method: Factor,
}

/// What is set in place of what was lost: a password or a passkey.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecoveryCompletion {
    token: String,
    new_password: Option<String>,
    /// `RegistrationResponseJSON` (WebAuthn Level 3).
    #[schema(value_type = Option<Value>)]
    credential: Option<Credential<RegisterPublicKeyCredential>>,
    /// The second factor, where the account has one.
    method: Option<Factor>,
    code: Option<String>,
}

/// A second factor is due; the link still holds.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryFactorBody {
    second_factor: RecoveryFactorNeeded,
}

/// What is needed.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryFactorNeeded {
    /// Ways that will do: `totp`, `sms`, `backup_code`.
    #[schema(value_type = Vec<Factor>)]
    methods: Vec<String>,
}

/// Sends a link to an email address. The answer is the same whether somebody has it.
#[utoipa::path(post, path = "/api/auth/recovery", tag = "auth", security(()), request_body = RecoveryRequest, responses(
    (status = 202, description = "A message was sent"),
    (status = 400, description = "That is no email address", body = ProblemBody),
    (status = 429, description = "Too many messages", body = ProblemBody),
    (status = 503, description = "No provider took the message", body = ProblemBody),
))]
pub(crate) async fn request(
    State(app): State<App>,
    client: Client,
    JsonBody(body): JsonBody<RecoveryRequest>,
) -> Result<StatusCode, Problem> {
    recovery::request(&app, &client, EmailAddress::parse(&body.email)?).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Options to make a passkey by a link: for `startRegistration({ optionsJSON })`.
#[utoipa::path(post, path = "/api/auth/recovery/options", tag = "auth", security(()), request_body = LinkToken, responses(
    (status = 200, description = "PublicKeyCredentialCreationOptionsJSON (WebAuthn Level 3)", body = Value),
    (status = 400, description = "The link does not work any more", body = ProblemBody),
    (status = 403, description = "As for the link's completion: `account_disabled` or `mailbox_not_enough`",
        body = ProblemBody),
))]
pub(crate) async fn options(
    State(app): State<App>,
    request: RequestMeta,
    JsonBody(body): JsonBody<LinkToken>,
) -> Result<Json<Value>, Problem> {
    recovery::options(&app, request, &body.token).await.map(Json)
}

/// Sends the code of a second factor that a link asks for.
#[utoipa::path(post, path = "/api/auth/recovery/send", tag = "auth", security(()), request_body = SendRecoveryCode, responses(
    (status = 202, description = "Sent", body = SentBody),
    (status = 400, description = "The link does not work any more, or there is no such factor", body = ProblemBody),
    (status = 429, description = "Too many codes", body = ProblemBody),
))]
pub(crate) async fn send(
    State(app): State<App>,
    client: Client,
    JsonBody(body): JsonBody<SendRecoveryCode>,
) -> Result<(StatusCode, Json<SentBody>), Problem> {
    let sent = recovery::send(&app, &client, &body.token, body.method).await?;
    Ok((StatusCode::ACCEPTED, Json(sent.into())))
}

/// Uses a link: sets a new password or adds a passkey. Every session ends; sign in afterwards.
///
/// The link of an invitation goes here too: its user opens the account so.
#[utoipa::path(post, path = "/api/auth/recovery/complete", tag = "auth", security(()), request_body = RecoveryCompletion, responses(
    (status = 204, description = "The account is open again"),
    (status = 202, description = "A second factor is due: repeat with its code", body = RecoveryFactorBody),
    (status = 400, description = "The link, the code, the password or the passkey will not do", body = ProblemBody),
    (status = 403, description = "The account is disabled (`account_disabled`), or its role needs a second factor, it has \
        passkeys and none but those (`mailbox_not_enough`): the operator makes a link that will do", body = ProblemBody),
    (status = 429, description = "Too many wrong codes", body = ProblemBody),
))]
pub(crate) async fn complete(
    State(app): State<App>,
    client: Client,
    JsonBody(body): JsonBody<RecoveryCompletion>,
) -> Result<Response, Problem> {
    let replacement = match (body.new_password, body.credential) {
        (Some(password), None) => Replacement::Password(Password::parse(password)?),
        (None, Some(credential)) => Replacement::Passkey(Box::new(credential.0)),
        _ => {
            return Err(Problem::bad_request("replacement_needed", "Say what is to be set")
                .detail("Send exactly one of new_password and credential."));
        }
    };
    let second = match (body.method, &body.code) {
        (Some(factor), Some(code)) => Some(SecondFactor { factor, code }),
        _ => None,
    };
    Ok(match recovery::complete(&app, &client, &body.token, &replacement, second).await? {
        Recovered::Done => StatusCode::NO_CONTENT.into_response(),
        Recovered::SecondFactor(methods) => {
            let second_factor = RecoveryFactorNeeded { methods };
            (StatusCode::ACCEPTED, Json(RecoveryFactorBody { second_factor })).into_response()
        }
    })
}
