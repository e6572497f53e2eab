use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::http::{IdCursor, JsonBody, PathId, Problem, ProblemBody, QueryParams};
use shared::identity::{Caller, Permission, Role};
use utoipa::{IntoParams, ToSchema};

use super::addresses::ContactKind;
use crate::App;
use crate::domain::contacts::Address;
use crate::domain::second_factor::Factor;
use crate::domain::user_changes::{self, Access, Change};
use crate::domain::users::{self, Name, Query};
use crate::domain::{Actor, step_up};
use crate::model::{EmailAddress, ManagedUser, PhoneNumber, UserStatus, Username};
use crate::store::accounts::Status;
use crate::store::user_details::Details;

const USUAL_PAGE: i32 = 20;
const LARGEST_PAGE: i32 = 50;

/// Which users.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct UsersQuery {
    /// How many at most: 1 to 50, 20 where it is not said.
    limit: Option<i32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only users of this role.
    #[param(inline)]
    role: Option<Role>,
    /// Only users of this status.
    #[param(value_type = Option<UserStatus>, inline)]
    status: Option<String>,
}

/// Who is looked for, by exactly one of the name, the email address and the phone number. They are stored sealed and found
/// whole: there is no search for a part of one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserSearch {
    /// In any case and with any spacing.
    #[schema(example = "ada")]
    username: Option<String>,
    /// Proved or not.
    email: Option<String>,
    /// In E.164 form, proved or not.
    phone: Option<String>,
    /// How many at most: 1 to 50, 20 where it is not said.
    limit: Option<i32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only users of this role.
    role: Option<Role>,
    /// Only users of this status.
    #[schema(value_type = Option<UserStatus>)]
    status: Option<String>,
}

/// A page of users, the oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsersBody {
    users: Vec<ManagedUser>,
    /// Where the next page begins; nothing on the last one.
    next_cursor: Option<String>,
}

/// Users, for administrators. Each one on the page gets an audit row.
#[utoipa::path(get, path = "/api/users", tag = "users", params(UsersQuery), responses(
    (status = 200, description = "A page of users", body = UsersBody),
    (status = 400, description = "A parameter is not of its form", body = ProblemBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
    (status = 403, description = "The caller's role has not the permission users:read", body = ProblemBody),
))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    QueryParams(query): QueryParams<UsersQuery>,
) -> Result<Json<UsersBody>, Problem> {
    page(&app, &caller, query, None).await
}

/// Looks for users by a name or an address, which have no place in a URL: URLs are logged and kept.
#[utoipa::path(post, path = "/api/users/search", tag = "users", request_body = UserSearch, responses(
    (status = 200, description = "A page of users", body = UsersBody),
    (status = 400, description = "A member is not of its form, or not exactly one says who", body = ProblemBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
    (status = 403, description = "The caller's role has not the permission users:read", body = ProblemBody),
))]
pub(crate) async fn search(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<UserSearch>,
) -> Result<Json<UsersBody>, Problem> {
    let name = match (body.username, body.email, body.phone) {
        (Some(username), None, None) => Name::Username(Username::parse(&username)?),
        (None, Some(email), None) => Name::Address(Address::Email(EmailAddress::parse(&email)?)),
        (None, None, Some(phone)) => Name::Address(Address::Phone(PhoneNumber::parse(&phone)?)),
        _ => return Err(Problem::bad_request("invalid_filter", "Send one of username, email and phone")),
    };
    let query = UsersQuery { limit: body.limit, cursor: body.cursor, role: body.role, status: body.status };
    page(&app, &caller, query, Some(name)).await
}

async fn page(app: &App, caller: &Caller, query: UsersQuery, name: Option<Name>) -> Result<Json<UsersBody>, Problem> {
    caller.require(Permission::UsersRead)?;
    let limit = query.limit.unwrap_or(USUAL_PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(Problem::bad_request("invalid_limit", "A page has 1 to 50 users"));
    }
    let status = query.status.map(|name| {
        Status::parse(&name)
            .ok_or_else(|| Problem::bad_request("invalid_status", "The status is invited, active or disabled"))
    });
    let after = query.cursor.map(|cursor| IdCursor::parse(&cursor)).transpose()?.map(IdCursor::id);
    let query = Query { limit, after, role: query.role, status: status.transpose()?, name };
    let page = users::list(app, Actor::Administrator(caller), query).await?;
    let last = page.users.last().filter(|_| page.more).map(|user| IdCursor::behind(user.id).text());
    Ok(Json(UsersBody { users: page.users, next_cursor: last }))
}

/// A user in detail: how many and whether, never what.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserDetailsBody {
    #[serde(flatten)]
    user: ManagedUser,
    contacts: Vec<KnownContact>,
    /// How many sessions live.
    sessions: i64,
    /// How many API keys can be used.
    api_keys: i64,
    factors: KnownFactors,
}

/// An address there is, without saying which.
#[derive(Serialize, ToSchema)]
pub(crate) struct KnownContact {
    #[schema(value_type = ContactKind)]
    kind: String,
    /// Whether the user has proved it.
    verified: bool,
}

/// What the user signs in by.
#[derive(Serialize, ToSchema)]
pub(crate) struct KnownFactors {
    passkeys: i64,
    password: bool,
    github: bool,
    #[schema(value_type = Vec<Factor>)]
    second_factors: Vec<String>,
    backup_codes_left: i64,
}

impl UserDetailsBody {
    fn new(user: ManagedUser, details: Details) -> Self {
        let contacts = details.contacts.into_iter().map(|(kind, verified)| KnownContact { kind, verified });
        Self {
            user,
            contacts: contacts.collect(),
            sessions: details.sessions,
            api_keys: details.api_keys,
            factors: KnownFactors {
                passkeys: details.passkeys,
                password: details.has_password,
                github: details.has_github,
                second_factors: details.factors,
                backup_codes_left: details.backup_codes,
            },
        }
    }
}

/// One user in detail, for administrators.
#[utoipa::path(get, path = "/api/users/{id}", tag = "users",
    params(("id" = Uuid, Path, description = "The user")),
    responses(
        (status = 200, description = "The user", body = UserDetailsBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The caller's role has not the permission users:read", body = ProblemBody),
        (status = 404, description = "There is no such user", body = ProblemBody),
    ))]
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<Json<UserDetailsBody>, Problem> {
    caller.require(Permission::UsersRead)?;
    let (user, details) = users::find(&app, Actor::Administrator(&caller), id).await?;
    Ok(Json(UserDetailsBody::new(user, details)))
}

/// What is to change; what is not named stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserChange {
    role: Option<Role>,
    status: Option<Access>,
}

/// Changes a user's role or status, never the caller's own. The user's next request sees it; who loses something is
/// signed out everywhere.
#[utoipa::path(patch, path = "/api/users/{id}", tag = "users", request_body = UserChange,
    security(("session" = []), ("access_token" = [])),
    params(("id" = Uuid, Path, description = "The user")),
    responses(
        (status = 200, description = "The user as they are now", body = ManagedUser),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "Needs a recent step-up, and the permission users:write", body = ProblemBody),
        (status = 404, description = "There is no such user", body = ProblemBody),
        (status = 409, description = "It is the caller's own account, or the last administrator's, or was never opened",
            body = ProblemBody),
        (status = 422, description = "There is no such role or status, or nothing is named", body = ProblemBody),
    ))]
pub(crate) async fn change(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    JsonBody(body): JsonBody<UserChange>,
) -> Result<Json<ManagedUser>, Problem> {
    require_write(&app, &caller).await?;
    if body.role.is_none() && body.status.is_none() {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "nothing_to_change", "Nothing is named to change")
            .detail("Send a role, a status, or both."));
    }
    let change = Change { role: body.role, access: body.status };
    Ok(Json(user_changes::change(&app, Actor::Administrator(&caller), id, change).await?))
}

/// Ends all sessions of a user. No step-up: who needs this is in a hurry.
#[utoipa::path(delete, path = "/api/users/{id}/sessions", tag = "users",
    params(("id" = Uuid, Path, description = "The user")),
    responses(
        (status = 204, description = "Ended; their next requests are refused"),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 403, description = "The caller's role has not the permission users:write", body = ProblemBody),
        (status = 404, description = "There is no such user", body = ProblemBody),
    ))]
pub(crate) async fn end_sessions(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<StatusCode, Problem> {
    caller.require(Permission::UsersWrite)?;
    user_changes::end_sessions(&app, Actor::Administrator(&caller), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn require_write(app: &App, caller: &Caller) -> Result<(), Problem> {
    caller.require(Permission::UsersWrite)?;
    step_up::require_as_role(app, caller).await
}
