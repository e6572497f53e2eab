use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::http::{JsonBody, Problem, ProblemBody};
use utoipa::ToSchema;

use super::SignedInBody;
use crate::App;
use crate::domain::Client;
use crate::domain::second_factor::{self, Factor, Sent};

/// The second factor of a sign-in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecondFactorAnswer {
    /// From the answer of the first factor.
    challenge: String,
    method: Factor,
    /// Six digits, or a backup code.
    code: String,
    /// Whether this device is spared the second factor for 30 days.
    #[serde(default)]
    trust_device: bool,
}

/// Where a code is to go.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendCode {
    /// From the answer of the first factor.
    challenge: String,
    /// `email` or `sms`.
    method: Factor,
}

/// Where a code went.
#[derive(Serialize, ToSchema)]
pub(crate) struct SentBody {
    /// The address, masked.
    #[schema(example = "a***@example.org")]
    sent_to: String,
    /// When the code is over.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl From<Sent> for SentBody {
    fn from(sent: Sent) -> Self {
        Self { sent_to: sent.to, expires_at: sent.expires_at }
    }
}

/// Sends the code of a second factor by email or SMS.
#[utoipa::path(post, path = "/api/auth/second-factor/send", tag = "auth", security(()), request_body = SendCode, responses(
    (status = 202, description = "Sent", body = SentBody),
    (status = 400, description = "The sign-in is over, or the account has no such factor", body = ProblemBody),
    (status = 429, description = "Too many codes", body = ProblemBody),
    (status = 503, description = "No provider took the message", body = ProblemBody),
))]
pub(crate) async fn send(
    State(app): State<App>,
    client: Client,
    JsonBody(body): JsonBody<SendCode>,
) -> Result<(StatusCode, Json<SentBody>), Problem> {
    let sent = second_factor::send_for_sign_in(&app, &client, &body.challenge, body.method).await?;
    Ok((StatusCode::ACCEPTED, Json(sent.into())))
}

/// Ends a sign-in by its second factor.
#[utoipa::path(post, path = "/api/auth/second-factor", tag = "auth", security(()), request_body = SecondFactorAnswer, responses(
    (status = 200, description = "Signed in", body = SignedInBody),
    (status = 400, description = "The code is not right, or the sign-in is over", body = ProblemBody),
    (status = 409, description = "The account was changed meanwhile", body = ProblemBody),
    (status = 429, description = "Too many wrong codes", body = ProblemBody),
))]
pub(crate) async fn answer(
    State(app): State<App>,
    client: Client,
    JsonBody(body): JsonBody<SecondFactorAnswer>,
) -> Result<Response, Problem> {
    let welcome =
        Box::pin(second_factor::answer(&app, &client, &body.challenge, body.method, &body.code, body.trust_device))
            .await?;
    Ok(welcome.into_response())
}
