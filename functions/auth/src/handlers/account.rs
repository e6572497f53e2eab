use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::http::{JsonBody, Problem, ProblemBody, QueryParams};
use shared::identity::{Caller, SessionKind, SignedIn};
use shared::ledger::{AuditEntry, SYSTEM_ACTOR};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::with_cookies;
use crate::App;
use crate::domain::account_deletion;
use crate::model::{AccessBy, AccessQuery, AccessStart, UserBody};
use crate::store::access_log::{self, Access};
use crate::store::account_deletions::Deletion;

/// The caller's account.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountBody {
    user: UserBody,
    /// Nothing where the account is to stay.
    deletion: Option<DeletionBody>,
}

/// An account that is to be deleted.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeletionBody {
    #[schema(value_type = String, format = DateTime)]
    requested_at: Timestamp,
    /// From then on it can't be taken back.
    #[schema(value_type = String, format = DateTime)]
    due_at: Timestamp,
}

impl From<Deletion> for DeletionBody {
    fn from(Deletion { requested_at, due_at }: Deletion) -> Self {
        Self { requested_at, due_at }
    }
}

/// What confirms that the account is meant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeletionRequest {
    /// The username of the account, typed by its user; in any case and with any spacing.
    username: String,
}

/// The caller's account, and whether it is to be deleted.
#[utoipa::path(get, path = "/api/account", tag = "account", responses(
    (status = 200, description = "The account", body = AccountBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
))]
pub(crate) async fn show(State(app): State<App>, caller: Caller) -> Result<Json<AccountBody>, Problem> {
    let (user, deletion) = account_deletion::account(&app, &caller).await?;
    Ok(Json(AccountBody { user, deletion: deletion.map(Into::into) }))
}

/// Asks for the deletion of the account and everything in it. Every session and API key ends at once; whoever signs in
/// again before it is due can take it back.
#[utoipa::path(delete, path = "/api/account", tag = "account", request_body = DeletionRequest, responses(
    (status = 202, description = "It will be deleted; the session is over", body = DeletionBody),
    (status = 200, description = "It was asked for already; nothing has changed", body = DeletionBody),
    (status = 400, description = "That is not the account's username", body = ProblemBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
    (status = 403, description = "Needs a recent step-up", body = ProblemBody),
    (status = 409, description = "It is the last active administrator's", body = ProblemBody),
))]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<DeletionRequest>,
) -> Result<Response, Problem> {
    let requested = account_deletion::request(&app, &caller, &body.username).await?;
    let body = Json(DeletionBody::from(requested.deletion));
    if !requested.is_new {
        return Ok(body.into_response());
    }
    let cookie = (caller.session().kind == SessionKind::Cookie).then(SignedIn::removal_cookie);
    Ok(with_cookies((StatusCode::ACCEPTED, body), cookie))
}

/// Takes the deletion back before it is due. API keys stay revoked.
#[utoipa::path(post, path = "/api/account/deletion/cancel", tag = "account", responses(
    (status = 204, description = "The account stays"),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
    (status = 404, description = "No deletion was asked for", body = ProblemBody),
    (status = 409, description = "It is due", body = ProblemBody),
))]
pub(crate) async fn cancel(State(app): State<App>, caller: Caller) -> Result<StatusCode, Problem> {
    account_deletion::cancel(&app, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which accesses.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessLogQuery {
    /// How many at most: 1 to 100, 20 where it is not said.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only one's own, or only those of others.
    #[param(inline)]
    actor: Option<AccessBy>,
    /// Only of this action.
    #[param(example = "storage.get")]
    action: Option<String>,
    /// Only at or after this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Only at or before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

/// A page of accesses, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccessLogBody {
    accesses: Vec<AccessBody>,
    /// Where the next page begins; nothing on the last one. With a filter a page may hold fewer than its limit, or none,
    /// and not be the last.
    next_cursor: Option<String>,
}

/// An access to the caller's data.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccessBody {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What was done, such as `storage.get`.
    action: String,
    /// To what kind of thing.
    resource_type: String,
    actor: ActorBody,
}

/// Who accessed: never by name.
#[derive(Serialize, ToSchema)]
pub(crate) struct ActorBody {
    kind: ActorKind,
    /// The role of the other user as it is now; nothing where that account is gone, and of any other kind.
    role: Option<String>,
}

/// What somebody is to the user whose data it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ActorKind {
    /// The user.
    You,
    /// Another user, whose role allows it.
    Administrator,
    /// Whoever runs the `ward` command on the server.
    Operator,
    /// Ward itself, doing what was due.
    System,
}

impl ActorKind {
    fn of(actor: Uuid, user: Uuid) -> Self {
        match actor {
            _ if actor == user => Self::You,
            _ if actor.is_nil() => Self::Operator,
            SYSTEM_ACTOR => Self::System,
            _ => Self::Administrator,
        }
    }
}

/// Who has accessed the caller's data. This access is in it from the next on.
#[utoipa::path(get, path = "/api/account/access-log", tag = "account", params(AccessLogQuery), responses(
    (status = 200, description = "A page of accesses", body = AccessLogBody),
    (status = 400, description = "A parameter is not of its form", body = ProblemBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
))]
pub(crate) async fn access_log(
    State(app): State<App>,
    caller: Caller,
    QueryParams(query): QueryParams<AccessLogQuery>,
) -> Result<Json<AccessLogBody>, Problem> {
    let (platform, user_id) = (&app.platform, caller.user_id());
    let now = platform.now();
    let query = AccessQuery::parse(
        (query.limit, query.cursor.as_deref()),
        (query.actor, query.action),
        (query.since, query.until),
        now,
    )?;
    let on = platform.db.scoped(AuditEntry::by(&caller, "account.access_log.read", "audit_log", now));
    let (found, next) = access_log::page(&on, user_id, &query).await?;
    let body = |access: Access| AccessBody {
        at: access.at,
        action: access.action,
        resource_type: access.resource_type,
        actor: ActorBody { kind: ActorKind::of(access.actor_id, user_id), role: access.actor_role },
    };
    Ok(Json(AccessLogBody {
        accesses: found.into_iter().map(body).collect(),
        next_cursor: next.map(AccessStart::text),
    }))
}
