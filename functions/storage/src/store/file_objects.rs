//! The table `file_objects_gone`: objects that no row stands for any more. It belongs to no user.

use jiff::Timestamp;
use shared::data::{DbError, Statements};

/// Claims at most `at_most` objects that are to be deleted, for a quarter of an hour; gives their keys.
pub(crate) async fn claim(on: &impl Statements, now: Timestamp, at_most: i64) -> Result<Vec<String>, DbError> {
    let rows = on
        .query(
            "UPDATE file_objects_gone SET claimed_until = $1::timestamptz + interval '15 minutes'
             WHERE filename IN (
                 SELECT filename FROM file_objects_gone WHERE due_at <= $1 AND coalesce(claimed_until <= $1, true)
                 ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED)
             RETURNING filename",
            &[&now, &at_most],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Forgets objects that are deleted, but for those somebody could still write.
pub(crate) async fn forget(on: &impl Statements, filenames: &[String], now: Timestamp) -> Result<(), DbError> {
    let sql = "DELETE FROM file_objects_gone WHERE filename = ANY ($1) AND due_at <= $2";
    on.query(sql, &[&filenames, &now]).await.map(drop)
}
