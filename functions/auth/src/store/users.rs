use jiff::Timestamp;
use shared::data::{DbError, Statements};
use shared::identity::Role;
use shared::vault::BlindIndex;
use uuid::Uuid;

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

/// The role and the sealed profile.
pub(crate) async fn find(on: &impl Statements, id: Uuid) -> Result<Option<(Role, Vec<u8>)>, DbError> {
    let rows = on.query("SELECT role, profile FROM users WHERE id = $1", &[&id]).await?;
    rows.first().map(|row| Ok((Role::parse(row.get(0)).ok_or(DbError::Column("role"))?, row.get(1)))).transpose()
}
