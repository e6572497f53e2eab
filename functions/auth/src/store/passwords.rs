//! The tables `passwords` and `password_history`. Hashes are sealed.

use jiff::Timestamp;
use shared::data::{DbError, Statements};
use uuid::Uuid;

/// The password's sealed hash, and whether it is long enough without a second factor.
pub(crate) async fn find(on: &impl Statements, user_id: Uuid) -> Result<Option<(Vec<u8>, bool)>, DbError> {
    let rows = on.query("SELECT hash, suffices FROM passwords WHERE user_id = $1", &[&user_id]).await?;
    Ok(rows.first().map(|row| (row.get(0), row.get(1))))
}

/// Sets the password, and remembers it as the newest of those that were.
pub(crate) async fn set(
    on: &impl Statements,
    user_id: Uuid,
    hash: &[u8],
    suffices: bool,
    now: Timestamp,
) -> Result<(), DbError> {
    on.query(
        "WITH remembered AS (
             INSERT INTO password_history (id, user_id, hash, created_at) VALUES (gen_random_uuid(), $1, $2, $4)
         )
         INSERT INTO passwords (user_id, hash, suffices, changed_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id) DO UPDATE SET hash = $2, suffices = $3, changed_at = $4",
        &[&user_id, &hash, &suffices, &now],
    )
    .await
    .map(drop)
}

/// Puts a stronger hash of the same password in place of the one that was read, unless it has changed meanwhile.
pub(crate) async fn rehash(on: &impl Statements, user_id: Uuid, read: &[u8], stronger: &[u8]) -> Result<(), DbError> {
    on.query(
        "WITH remembered AS (
             UPDATE password_history SET hash = $3 WHERE user_id = $1 AND hash = $2
         )
         UPDATE passwords SET hash = $3 WHERE user_id = $1 AND hash = $2",
        &[&user_id, &read, &stronger],
    )
    .await
    .map(drop)
}

/// The newest hashes the user has had, the current one included; older ones are forgotten.
pub(crate) async fn history(on: &impl Statements, user_id: Uuid, most: usize) -> Result<Vec<Vec<u8>>, DbError> {
    let rows = on
        .query(
            "WITH newest AS (
                 SELECT id, hash FROM password_history WHERE user_id = $1 ORDER BY created_at DESC, id LIMIT $2
             ), forgotten AS (
                 DELETE FROM password_history WHERE user_id = $1 AND id NOT IN (SELECT id FROM newest)
             )
             SELECT hash FROM newest",
            &[&user_id, &i64::try_from(most).unwrap_or(i64::MAX)],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Removes the password; whether there was one. What it was stays remembered.
pub(crate) async fn remove(on: &impl Statements, user_id: Uuid) -> Result<bool, DbError> {
    let rows = on.query("DELETE FROM passwords WHERE user_id = $1 RETURNING user_id", &[&user_id]).await?;
    Ok(!rows.is_empty())
}
