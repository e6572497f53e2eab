use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use shared::http::{Problem, ProblemBody};
use shared::identity::Caller;
use utoipa::ToSchema;

use crate::App;
use crate::domain::github::{self, connection};

/// The connection with GitHub; only `connected` where there is none.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct ConnectionBody {
    /// Whether there is one.
    connected: bool,
    /// Whether GitHub has ended it, so that only `POST /api/auth/github/connect` or a sign-in helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    needs_reconnect: Option<bool>,
    /// The user's name at GitHub, as of the last sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<String>,
    /// What the user has granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<String>>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    connected_at: Option<Timestamp>,
    /// When a call was last made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
    /// When it ends if it is not used until then; not there where it does not end by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// The signed-in user's connection with GitHub.
#[utoipa::path(get, path = "/api/auth/github/connection", tag = "auth", responses(
    (status = 200, description = "The connection", body = ConnectionBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
))]
pub(crate) async fn show(State(app): State<App>, caller: Caller) -> Result<Json<ConnectionBody>, Problem> {
    let Some(shown) = connection::show(&app, &caller).await? else {
        return Ok(Json(ConnectionBody::default()));
    };
    let expires_at = shown.expires_at();
    let connection = shown.connection;
    Ok(Json(ConnectionBody {
        connected: true,
        needs_reconnect: Some(connection.broken_at.is_some()),
        login: Some(shown.login),
        scopes: Some(connection.tokens.scopes),
        connected_at: Some(connection.connected_at),
        last_used_at: connection.last_used_at,
        expires_at,
    }))
}

/// Ends the connection: takes back at GitHub what the user has granted, then forgets it. Needs a recent
/// step-up.
///
/// Where GitHub can't be asked nothing changes.
#[utoipa::path(delete, path = "/api/auth/github/connection", tag = "auth", responses(
    (status = 204, description = "Disconnected"),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
    (status = 403, description = "Needs a recent step-up", body = ProblemBody),
    (status = 404, description = "There is no connection", body = ProblemBody),
    (status = 409, description = "It is the last way to sign in", body = ProblemBody),
    (status = 503, description = "GitHub can't be asked; nothing has changed", body = ProblemBody),
))]
pub(crate) async fn disconnect(State(app): State<App>, caller: Caller) -> Result<StatusCode, Problem> {
    github::disconnect(&app, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
