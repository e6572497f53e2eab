//! The table `users`.

use jiff::Timestamp;
use shared::data::{DbError, Statements};
use shared::identity::{RequestMeta, Role};
use shared::vault::BlindIndex;
use tokio_postgres::Row;
use uuid::Uuid;

use super::accounts::Status;

/// The constraint that keeps usernames apart.
pub(crate) const USERNAME_TAKEN: &str = "users_username_index_key";

pub(crate) async fn insert(
    on: &impl Statements,
    id: Uuid,
    username: &BlindIndex,
    profile: &[u8],
    now: Timestamp,
) -> Result<(), DbError> {
    on.query(
        "INSERT INTO users (id, username_index, profile, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)",
        &[&id, &username.as_bytes(), &profile, &now],
    )
    .await
    .map(drop)
}

/// Stores a user who can't sign in before an invitation is followed.
pub(crate) async fn insert_invited(
    on: &impl Statements,
    id: Uuid,
    username: &BlindIndex,
    profile: &[u8],
    role: Role,
    now: Timestamp,
) -> Result<(), DbError> {
    on.query(
        "INSERT INTO users (id, username_index, profile, role, status, created_at, updated_at)
         VALUES ($1, $2, $3, $4, 'invited', $5, $5)",
        &[&id, &username.as_bytes(), &profile, &role.name(), &now],
    )
    .await
    .map(drop)
}

/// The role and the sealed profile.
pub(crate) async fn find(on: &impl Statements, id: Uuid) -> Result<Option<(Role, Vec<u8>)>, DbError> {
    let rows = on.query("SELECT role, profile FROM users WHERE id = $1", &[&id]).await?;
    rows.first().map(|row| Ok((Role::parse(row.get(0)).ok_or(DbError::Column("role"))?, row.get(1)))).transpose()
}

/// A user as an administrator sees them.
pub(crate) struct Listed {
    pub(crate) id: Uuid,
    pub(crate) role: Role,
    pub(crate) status: Status,
    /// Sealed.
    pub(crate) profile: Vec<u8>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Listed {
    /// From columns in the order of the fields.
    pub(super) fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get(0),
            role: Role::parse(row.get(1)).ok_or(DbError::Column("role"))?,
            status: Status::parse(row.get(2)).ok_or(DbError::Column("status"))?,
            profile: row.get(3),
            created_at: row.get(4),
            updated_at: row.get(5),
        })
    }
}

/// The transaction's user, as an administrator sees them.
pub(crate) async fn listed(on: &impl Statements, id: Uuid) -> Result<Option<Listed>, DbError> {
    let rows =
        on.query("SELECT id, role, status, profile, created_at, updated_at FROM users WHERE id = $1", &[&id]).await?;
    rows.first().map(Listed::from_row).transpose()
}

/// Which users: each field narrows it down.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) role: Option<Role>,
    pub(crate) status: Option<Status>,
    /// Of a username or an address.
    pub(crate) index: Option<BlindIndex>,
}

/// Who asks for a page of users, for its audit rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking {
    pub(crate) session: Option<Uuid>,
    pub(crate) request: RequestMeta,
    pub(crate) at: Timestamp,
}

/// At most `limit` users behind `after`, the oldest first, and whether there are more. Runs past row-level security: none
/// where the transaction's user is no active administrator. Writes its audit rows itself.
pub(crate) async fn page(
    on: &impl Statements,
    filter: Filter,
    after: Option<Uuid>,
    limit: i32,
    asking: Asking,
) -> Result<(Vec<Listed>, bool), DbError> {
    let rows = on
        .query(
            "SELECT id, role, status, profile, created_at, updated_at, more
             FROM users_page($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &[
                &after,
                &limit,
                &filter.role.map(Role::name),
                &filter.status.map(Status::name),
                &filter.index.as_ref().map(BlindIndex::candidates),
                &asking.session,
                &asking.request.id,
                &asking.request.address.map(|address| address.to_string()),
                &asking.at,
            ],
        )
        .await?;
    let users = rows.iter().map(Listed::from_row).collect::<Result<_, _>>()?;
    Ok((users, rows.first().is_some_and(|row| row.get(6))))
}

/// Whether a session is a live one of an active administrator, and how many of those there are beside `target`. Until the
/// transaction ends nobody else is told.
pub(crate) async fn administrators(
    on: &impl Statements,
    acting: Option<Uuid>,
    target: Uuid,
) -> Result<(bool, i64), DbError> {
    let rows = on.query("SELECT acts, others FROM administrators($1, $2)", &[&acting, &target]).await?;
    rows.first().map(|row| (row.get(0), row.get(1))).ok_or(DbError::Column("administrators"))
}

/// Changes what is given of a user.
pub(crate) async fn set(
    on: &impl Statements,
    id: Uuid,
    role: Option<Role>,
    status: Option<Status>,
) -> Result<(), DbError> {
    on.query(
        "UPDATE users SET role = coalesce($2, role), status = coalesce($3, status) WHERE id = $1",
        &[&id, &role.map(Role::name), &status.map(Status::name)],
    )
    .await
    .map(drop)
}

/// Whether the login may act as the tables' owner, as the operator's has to.
pub(crate) async fn login_owns_tables(on: &impl Statements) -> Result<bool, DbError> {
    let sql = "SELECT pg_has_role(session_user, relowner, 'MEMBER') FROM pg_class WHERE oid = 'users'::regclass";
    Ok(on.query(sql, &[]).await?.first().is_some_and(|row| row.get(0)))
}
