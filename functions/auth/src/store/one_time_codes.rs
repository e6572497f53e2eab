//! The table `one_time_codes`.

use jiff::Timestamp;
use shared::data::{DbError, Statements};
use uuid::Uuid;

/// Stores a code in place of the user's others of that purpose.
pub(crate) async fn insert(
    on: &impl Statements,
    id: Uuid,
    user_id: Uuid,
    purpose: &str,
    code_mac: &[u8],
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), DbError> {
    on.query(
        "WITH others AS (DELETE FROM one_time_codes WHERE user_id = $2 AND (purpose = $3 OR expires_at < $5))
         INSERT INTO one_time_codes (id, user_id, purpose, code_mac, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[&id, &user_id, &purpose, &code_mac, &now, &expires_at],
    )
    .await
    .map(drop)
}

/// Counts a try and gives what the code has to match; nothing where there is no code, it is over, or was tried too
/// often. Of two codes made at once the newer counts.
pub(crate) async fn count_try(
    on: &impl Statements,
    user_id: Uuid,
    purpose: &str,
    most_tries: i16,
    now: Timestamp,
) -> Result<Option<(Uuid, Vec<u8>)>, DbError> {
    let rows = on
        .query(
            "UPDATE one_time_codes SET attempts = attempts + 1
             WHERE id = (SELECT id FROM one_time_codes WHERE user_id = $1 AND purpose = $2
                     ORDER BY created_at DESC, id DESC LIMIT 1)
                 AND used_at IS NULL AND expires_at > $4 AND attempts < $3
             RETURNING id, code_mac",
            &[&user_id, &purpose, &most_tries, &now],
        )
        .await?;
    Ok(rows.first().map(|row| (row.get(0), row.get(1))))
}

/// Marks a code as used; whether this call did.
pub(crate) async fn use_up(on: &impl Statements, id: Uuid, now: Timestamp) -> Result<bool, DbError> {
    let rows = on
        .query("UPDATE one_time_codes SET used_at = $2 WHERE id = $1 AND used_at IS NULL RETURNING id", &[&id, &now])
        .await?;
    Ok(!rows.is_empty())
}
