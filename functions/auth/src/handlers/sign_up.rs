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
use crate::domain::contacts::Address;
use crate::domain::sign_in::SessionMode;
use crate::domain::sign_up::{self, NewAccount, Registered};
use crate::model::{DisplayName, Profile, Username};
use crate::password::Password;

/// Who wants an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    /// 1 to 64 characters.
    username: String,
    /// 1 to 64 characters.
    display_name: String,
    /// At least 15 characters; no rule on which.
    password: String,
    email: Option<String>,
    /// E.164, such as +254700000000.
    phone: Option<String>,
    #[serde(default)]
    session: SessionMode,
}

/// The address has to be proved.
#[derive(Serialize, ToSchema)]
pub(crate) struct VerificationBody {
    verification: VerificationNeeded,
}

/// What the code is given back with.
#[derive(Serialize, ToSchema)]
pub(crate) struct VerificationNeeded {
    pub(super) challenge: String,
    #[schema(value_type = String, format = DateTime)]
    pub(super) expires_at: Timestamp,
}

/// The code that was sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegistrationCode {
    challenge: String,
    /// Six digits.
    code: String,
    #[serde(default)]
    session: SessionMode,
}

/// Registers a user with a password. With an address, a code is sent there and the answer is the same for every name
/// and address; without one the user is signed in at once.
#[utoipa::path(post, path = "/api/auth/register", tag = "auth", security(()), request_body = Registration, responses(
    (status = 201, description = "Registered and signed in", body = SignedInBody),
    (status = 202, description = "A message was sent to the address", body = VerificationBody),
    (status = 400, description = "A name, an address or the password will not do", body = ProblemBody),
    (status = 403, description = "Accounts are not made that way here", body = ProblemBody),
    (status = 409, description = "The username is taken (without an address)", body = ProblemBody),
    (status = 429, description = "Too many attempts", body = ProblemBody),
    (status = 503, description = "Too many at once, or no provider took the message", body = ProblemBody),
))]
pub(crate) async fn register(
    State(app): State<App>,
    client: Client,
    JsonBody(body): JsonBody<Registration>,
) -> Result<Response, Problem> {
    let profile =
        Profile { username: Username::parse(&body.username)?, display_name: DisplayName::parse(&body.display_name)? };
    let email = body.email.as_deref().map(|text| Address::parse("email", text)).transpose()?;
    let phone = body.phone.as_deref().map(|text| Address::parse("phone", text)).transpose()?;
    let addresses = email.into_iter().chain(phone).collect();
    let new = NewAccount { profile, password: Password::parse(body.password)?, addresses, mode: body.session };
    Ok(match sign_up::register(&app, &client, new).await? {
        Registered::SignedIn(welcome) => (StatusCode::CREATED, *welcome).into_response(),
        Registered::Verify { challenge, expires_at } => {
            let verification = VerificationNeeded { challenge: challenge.reveal(), expires_at };
            (StatusCode::ACCEPTED, Json(VerificationBody { verification })).into_response()
        }
    })
}

/// Ends a registration by the code that was sent.
#[utoipa::path(post, path = "/api/auth/register/verify", tag = "auth", security(()), request_body = RegistrationCode, responses(
    (status = 201, description = "Registered and signed in", body = SignedInBody),
    (status = 400, description = "The code is not right, or the attempt is over", body = ProblemBody),
    (status = 409, description = "The username or the address is taken", body = ProblemBody),
    (status = 429, description = "Too many wrong codes, or taken usernames were asked for", body = ProblemBody),
))]
pub(crate) async fn verify(
    State(app): State<App>,
    client: Client,
    JsonBody(body): JsonBody<RegistrationCode>,
) -> Result<Response, Problem> {
    let welcome = sign_up::verify(&app, &client, &body.challenge, &body.code, body.session).await?;
    Ok((StatusCode::CREATED, welcome).into_response())
}
