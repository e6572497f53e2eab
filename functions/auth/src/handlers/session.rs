use axum::Json;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use shared::http::{Problem, ProblemBody};
use shared::identity::{Assurance, Caller, SessionKind};
use shared::ledger::AuditEntry;
use utoipa::ToSchema;

use super::signed_out;
use crate::App;
use crate::domain::account_deletion;
use crate::model::UserBody;
use crate::store::session_audits::{self, SessionEvent};

/// The signed-in user and the session.
#[derive(Serialize, ToSchema)]
pub(crate) struct MeBody {
    user: UserBody,
    session: SessionBody,
    /// When the account is deleted, where its user has asked for that: `POST /api/account/deletion/cancel` takes it back.
    #[schema(value_type = Option<String>, format = DateTime)]
    deletion_due_at: Option<Timestamp>,
}

/// A session.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionBody {
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ends at the latest.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// When it ends if it is not used again.
    #[schema(value_type = String, format = DateTime)]
    idle_expires_at: Timestamp,
    /// Authenticator assurance level of NIST SP 800-63B.
    assurance: Assurance,
    /// What proves it.
    kind: SessionKind,
    /// How the user was authenticated, in the names of RFC 8176 where it has one.
    methods: Vec<String>,
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/auth/me", tag = "auth", responses(
    (status = 200, description = "The user and the session", body = MeBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
))]
pub(crate) async fn me(State(app): State<App>, caller: Caller) -> Result<Json<MeBody>, Problem> {
    let platform = &app.platform;
    let (user, deletion) = account_deletion::account(&app, &caller).await?;
    let session = caller.session();
    Ok(Json(MeBody {
        user,
        deletion_due_at: deletion.map(|deletion| deletion.due_at),
        session: SessionBody {
            created_at: session.created_at,
            expires_at: session.expires_at,
            idle_expires_at: platform.sessions.idle_expires_at(session),
            assurance: session.assurance,
            kind: session.kind,
            methods: session.methods.iter().map(ToString::to_string).collect(),
        },
    }))
}

/// A session's CSRF token.
#[derive(Serialize, ToSchema)]
pub(crate) struct CsrfBody {
    /// Nothing where the session is not in a cookie: then no token is needed.
    csrf_token: Option<String>,
}

/// The token that `X-CSRF-Token` has to be in requests that change something.
#[utoipa::path(get, path = "/api/auth/csrf", tag = "auth", responses(
    (status = 200, description = "The session's token", body = CsrfBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
))]
pub(crate) async fn csrf(caller: Caller) -> Json<CsrfBody> {
    Json(CsrfBody { csrf_token: caller.signed_in.csrf() })
}

/// Ends the session.
#[utoipa::path(post, path = "/api/auth/logout", tag = "auth", responses(
    (status = 204, description = "Signed out"),
    (status = 401, description = "Nobody was signed in", body = ProblemBody),
    (status = 403, description = "The CSRF token is missing or wrong", body = ProblemBody),
))]
pub(crate) async fn logout(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let platform = &app.platform;
    let entry = AuditEntry::by(&caller, "auth.sign_out", "session", platform.now()).resource(caller.session().id);
    platform.sessions.revoke(&platform.db.scoped(entry), &caller.signed_in).await?;
    let (session, on) = (caller.session(), platform.db.unaudited(caller.user_id()));
    let event = SessionEvent::SignedOut;
    session_audits::insert(&on, session.user_id, session.id, event, session.device_id, caller.request, platform.now())
        .await?;
    Ok(signed_out(session))
}
