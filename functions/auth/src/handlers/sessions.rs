use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use shared::http::{PathId, Problem, ProblemBody};
use shared::identity::{Assurance, Caller, SessionKind};
use utoipa::ToSchema;
use uuid::Uuid;

use super::signed_out;
use crate::App;
use crate::domain::sessions::{self, Shown};

/// The caller's live sessions.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionsBody {
    /// The last used first; 200 at most.
    sessions: Vec<ListedSession>,
}

/// A live session.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListedSession {
    id: Uuid,
    /// Whether it is the one that asks.
    current: bool,
    /// What proves it: `cookie` or `bearer`.
    #[schema(value_type = SessionKind)]
    kind: String,
    /// The name of the device it began on, unless that is forgotten.
    device: Option<String>,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last used, to the minute.
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Timestamp,
    /// When it ends at the latest.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Authenticator assurance level of NIST SP 800-63B.
    assurance: Assurance,
    /// How the user was authenticated, in the names of RFC 8176 where it has one.
    methods: Vec<String>,
}

impl ListedSession {
    fn new(Shown { session, device }: Shown, asking: Uuid) -> Self {
        Self {
            id: session.id,
            current: session.id == asking,
            kind: session.kind,
            device,
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            expires_at: session.expires_at,
            assurance: session.assurance,
            methods: session.methods,
        }
    }
}

/// The caller's live sessions.
#[utoipa::path(get, path = "/api/auth/sessions", tag = "auth", responses(
    (status = 200, description = "The sessions", body = SessionsBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
))]
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<SessionsBody>, Problem> {
    let asking = caller.session().id;
    let shown = sessions::list(&app, &caller).await?;
    Ok(Json(SessionsBody { sessions: shown.into_iter().map(|shown| ListedSession::new(shown, asking)).collect() }))
}

/// Ends one of the caller's sessions. No step-up: people who need this are in a hurry.
#[utoipa::path(delete, path = "/api/auth/sessions/{id}", tag = "auth",
    params(("id" = Uuid, Path, description = "The session")),
    responses(
        (status = 204, description = "Ended; its next request is refused"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 404, description = "There is no such session", body = ProblemBody),
    ))]
pub(crate) async fn revoke(State(app): State<App>, caller: Caller, PathId(id): PathId) -> Result<Response, Problem> {
    sessions::revoke(&app, &caller, Some(id)).await?;
    let own = id == caller.session().id;
    Ok(if own { signed_out(caller.session()) } else { StatusCode::NO_CONTENT.into_response() })
}

/// Ends all sessions of the caller but the one that asks.
#[utoipa::path(delete, path = "/api/auth/sessions", tag = "auth", responses(
    (status = 204, description = "Ended; their next requests are refused"),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
))]
pub(crate) async fn revoke_others(State(app): State<App>, caller: Caller) -> Result<StatusCode, Problem> {
    sessions::revoke(&app, &caller, None).await?;
    Ok(StatusCode::NO_CONTENT)
}
