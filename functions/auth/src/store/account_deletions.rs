//! The table `account_deletions`, and what is told of an account with it.

use jiff::Timestamp;
use shared::data::{DbError, Statements};
use shared::identity::Role;
use tokio_postgres::Row;
use uuid::Uuid;

/// An account that is to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deletion {
    pub(crate) requested_at: Timestamp,
    /// When it can't be taken back any more.
    pub(crate) due_at: Timestamp,
}

/// The account as its user sees it: role, sealed profile, and its deletion where it was asked for.
pub(crate) async fn account(
    on: &impl Statements,
    user_id: Uuid,
) -> Result<Option<(Role, Vec<u8>, Option<Deletion>)>, DbError> {
    let rows = on
        .query(
            "SELECT requested_at, due_at, role, profile FROM users
             LEFT JOIN account_deletions ON user_id = users.id AND cancelled_at IS NULL
             WHERE users.id = $1",
            &[&user_id],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let role = Role::parse(row.get(2)).ok_or(DbError::Column("role"))?;
    Ok(Some((role, row.get(3), deletion(row))))
}

/// The deletion that was asked for and not taken back.
pub(crate) async fn open(on: &impl Statements, user_id: Uuid) -> Result<Option<Deletion>, DbError> {
    let rows = on
        .query(
            "SELECT requested_at, due_at FROM account_deletions WHERE user_id = $1 AND cancelled_at IS NULL",
            &[&user_id],
        )
        .await?;
    Ok(rows.first().and_then(deletion))
}

/// Notes that a deletion was asked for.
pub(crate) async fn insert(
    on: &impl Statements,
    id: Uuid,
    user_id: Uuid,
    request_id: Uuid,
    deletion: Deletion,
) -> Result<(), DbError> {
    on.query(
        "INSERT INTO account_deletions (id, user_id, request_id, requested_at, due_at) VALUES ($1, $2, $3, $4, $5)",
        &[&id, &user_id, &request_id, &deletion.requested_at, &deletion.due_at],
    )
    .await
    .map(drop)
}

/// Takes the deletion back.
pub(crate) async fn cancel(on: &impl Statements, user_id: Uuid, now: Timestamp) -> Result<(), DbError> {
    on.query(
        "UPDATE account_deletions SET cancelled_at = $2 WHERE user_id = $1 AND cancelled_at IS NULL",
        &[&user_id, &now],
    )
    .await
    .map(drop)
}

fn deletion(row: &Row) -> Option<Deletion> {
    Some(Deletion { requested_at: row.get::<_, Option<Timestamp>>(0)?, due_at: row.get(1) })
}
