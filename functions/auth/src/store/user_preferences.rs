//! The table `user_preferences`: one sealed document per user, with a version that rises by one at each change.

use jiff::Timestamp;
use shared::data::{DbError, Statements};
use uuid::Uuid;

/// The transaction's user's document and its version.
pub(crate) async fn find(on: &impl Statements, user_id: Uuid) -> Result<Option<(i64, Vec<u8>)>, DbError> {
    let rows = on.query("SELECT version, document FROM user_preferences WHERE user_id = $1", &[&user_id]).await?;
    Ok(rows.first().map(|row| (row.get(0), row.get(1))))
}

/// Puts the document that follows on version `before`, 0 where there is none yet; whether `before` was still the newest.
pub(crate) async fn put_next(
    on: &impl Statements,
    user_id: Uuid,
    before: i64,
    document: &[u8],
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = on
        .query(
            "INSERT INTO user_preferences AS there (user_id, document, version, updated_at) VALUES ($1, $2, $3::bigint + 1, $4)
             ON CONFLICT (user_id) DO UPDATE SET document = $2, version = $3 + 1, updated_at = $4
                 WHERE there.version = $3
             RETURNING version",
            &[&user_id, &document, &before, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}
