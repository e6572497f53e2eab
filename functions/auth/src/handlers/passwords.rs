use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::http::{JsonBody, Problem, ProblemBody};
use shared::identity::Caller;
use utoipa::ToSchema;

use super::{SecondFactorBody, SignedInBody};
use crate::App;
use crate::domain::Client;
use crate::domain::contacts::Address;
use crate::domain::passwords::{self, Identifier};
use crate::domain::sign_in::{self, SessionMode};
use crate::model::Username;
use crate::password::Password;

/// A name and a password: exactly one of `username`, `email` and `phone`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    username: Option<String>,
    email: Option<String>,
    /// E.164, such as +254700000000.
    phone: Option<String>,
    password: String,
    #[serde(default)]
    session: SessionMode,
}

impl Login {
    /// A name that is not of its form is one that nobody has, and gets the same answer.
    fn identifier(&self) -> Result<Identifier, Problem> {
        let unknown = |_| sign_in::credentials_invalid();
        match (&self.username, &self.email, &self.phone) {
            (Some(name), None, None) => Username::parse(name).map(Identifier::Username).map_err(unknown),
            (None, Some(email), None) => Address::parse("email", email).map(Identifier::Address).map_err(unknown),
            (None, None, Some(phone)) => Address::parse("phone", phone).map(Identifier::Address).map_err(unknown),
            _ => Err(Problem::bad_request("identifier_needed", "Say who signs in, once")
                .detail("Send exactly one of username, email and phone.")),
        }
    }
}

/// Signs in with a password.
#[utoipa::path(post, path = "/api/auth/login", tag = "auth", security(()), request_body = Login, responses(
    (status = 200, description = "Signed in", body = SignedInBody),
    (status = 202, description = "A second factor is needed", body = SecondFactorBody),
    (status = 401, description = "The name and the password do not fit", body = ProblemBody),
    (status = 403, description = "The account is disabled or not open yet", body = ProblemBody),
    (status = 409, description = "The account was changed meanwhile", body = ProblemBody),
    (status = 429, description = "Too many failed attempts", body = ProblemBody),
    (status = 503, description = "Too many sign-ins at once", body = ProblemBody),
))]
pub(crate) async fn login(
    State(app): State<App>,
    client: Client,
    JsonBody(body): JsonBody<Login>,
) -> Result<Response, Problem> {
    let identifier = body.identifier()?;
    let password = Password::parse(body.password)?;
    Ok(passwords::sign_in(&app, &client, &identifier, &password, body.session).await?.into_response())
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    /// Where the account has one.
    current_password: Option<String>,
    /// At least 15 characters, or 8 with a second factor; no rule on which.
    new_password: String,
}

/// Changes the password, or sets the first. Every other session ends.
#[utoipa::path(put, path = "/api/auth/password", tag = "auth", request_body = NewPassword, responses(
    (status = 204, description = "Changed"),
    (status = 400, description = "The current password is wrong, or the new one will not do", body = ProblemBody),
    (status = 403, description = "Needs a recent step-up where the account has no password yet", body = ProblemBody),
    (status = 409, description = "The account was changed meanwhile", body = ProblemBody),
    (status = 429, description = "Too many failed attempts", body = ProblemBody),
    (status = 503, description = "Too many passwords at once", body = ProblemBody),
))]
pub(crate) async fn change(
    State(app): State<App>,
    caller: Caller,
    client: Client,
    JsonBody(body): JsonBody<NewPassword>,
) -> Result<StatusCode, Problem> {
    let current = body.current_password.map(Password::parse).transpose()?;
    let new = Password::parse(body.new_password)?;
    passwords::change(&app, &client, &caller, current.as_ref(), &new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes the password.
#[utoipa::path(delete, path = "/api/auth/password", tag = "auth", responses(
    (status = 204, description = "Removed"),
    (status = 403, description = "Needs a recent step-up", body = ProblemBody),
    (status = 404, description = "There is none", body = ProblemBody),
    (status = 409, description = "It is the last way to sign in", body = ProblemBody),
))]
pub(crate) async fn remove(State(app): State<App>, caller: Caller) -> Result<StatusCode, Problem> {
    passwords::remove(&app, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
