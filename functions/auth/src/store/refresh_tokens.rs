//! The table `refresh_tokens`: which token of a session is the current one.

use jiff::Timestamp;
use shared::data::{DbError, Statements};
use uuid::Uuid;

/// The state of a session's refresh tokens.
pub(crate) struct Current {
    /// Number of the token that was given out last.
    pub(crate) counter: i64,
}

/// Stores the first token of a session.
pub(crate) async fn insert(
    on: &impl Statements,
    session_id: Uuid,
    user_id: Uuid,
    counter: i64,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), DbError> {
    on.query(
        "INSERT INTO refresh_tokens (session_id, user_id, counter, rotated_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        &[&session_id, &user_id, &counter, &now, &expires_at],
    )
    .await
    .map(drop)
}

/// The current token; others who refresh the session wait until this transaction ends.
pub(crate) async fn lock(on: &impl Statements, session_id: Uuid) -> Result<Option<Current>, DbError> {
    let rows = on.query("SELECT counter FROM refresh_tokens WHERE session_id = $1 FOR UPDATE", &[&session_id]).await?;
    Ok(rows.first().map(|row| Current { counter: row.get(0) }))
}

/// Makes the next token the current one.
pub(crate) async fn rotate(
    on: &impl Statements,
    session_id: Uuid,
    counter: i64,
    now: Timestamp,
) -> Result<(), DbError> {
    on.query(
        "UPDATE refresh_tokens SET counter = $2, rotated_at = $3 WHERE session_id = $1",
        &[&session_id, &counter, &now],
    )
    .await
    .map(drop)
}
