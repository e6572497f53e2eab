//! The table `api_keys`.

use jiff::Timestamp;
use shared::data::{DbError, Statements};
use shared::identity::TokenHash;
use uuid::Uuid;

/// A key of the transaction's user, without what it is used by.
pub(crate) struct Row {
    pub(crate) id: Uuid,
    /// Sealed.
    pub(crate) name: Vec<u8>,
    pub(crate) hint: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) last_used_at: Option<Timestamp>,
}

/// Stores a new key.
pub(crate) async fn insert(on: &impl Statements, user_id: Uuid, key: &Row, token: &TokenHash) -> Result<(), DbError> {
    on.query(
        "INSERT INTO api_keys (id, user_id, name, hint, token_hash, scopes, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[&key.id, &user_id, &key.name, &key.hint, &token.as_bytes(), &key.scopes, &key.created_at, &key.expires_at],
    )
    .await
    .map(drop)
}

/// How many keys of the user hold. Locks the user's row, so that two that are made at once count each other.
pub(crate) async fn how_many(on: &impl Statements, user_id: Uuid, now: Timestamp) -> Result<i64, DbError> {
    on.query("SELECT id FROM users WHERE id = $1 FOR UPDATE", &[&user_id]).await?;
    let rows = on
        .query(
            "SELECT count(*) FROM api_keys WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2",
            &[&user_id, &now],
        )
        .await?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

/// The keys that hold, the newest first.
pub(crate) async fn list(on: &impl Statements, now: Timestamp) -> Result<Vec<Row>, DbError> {
    let rows = on
        .query(
            "SELECT id, name, hint, scopes, created_at, expires_at, last_used_at FROM api_keys
             WHERE revoked_at IS NULL AND expires_at > $1 ORDER BY id DESC",
            &[&now],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| Row {
            id: row.get(0),
            name: row.get(1),
            hint: row.get(2),
            scopes: row.get(3),
            created_at: row.get(4),
            expires_at: row.get(5),
            last_used_at: row.get(6),
        })
        .collect())
}

/// Ends a key; gives what it is known by, or nothing where there is none that holds.
pub(crate) async fn revoke(on: &impl Statements, id: Uuid, now: Timestamp) -> Result<Option<Vec<u8>>, DbError> {
    let rows = on
        .query(
            "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING token_hash",
            &[&id, &now],
        )
        .await?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// Ends all keys of a user; gives how many.
pub(crate) async fn revoke_all(on: &impl Statements, user_id: Uuid, now: Timestamp) -> Result<usize, DbError> {
    let end = "UPDATE api_keys SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL RETURNING id";
    Ok(on.query(end, &[&user_id, &now]).await?.len())
}
