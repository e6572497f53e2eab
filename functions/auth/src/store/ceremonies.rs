use jiff::Timestamp;
use shared::data::{DbError, Statements};

/// Keeps a ceremony that has begun, in place of one of the same secret, and forgets those whose time is over.
pub(crate) async fn put(
    on: &impl Statements,
    secret_hash: &[u8],
    kind: &str,
    state: &[u8],
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), DbError> {
    on.query(
        "WITH expired AS (DELETE FROM ceremonies WHERE expires_at < $4 AND secret_hash <> $1)
         INSERT INTO ceremonies (secret_hash, kind, state, expires_at) VALUES ($1, $2, $3, $5)
         ON CONFLICT (secret_hash) DO UPDATE SET state = $3, expires_at = $5",
        &[&secret_hash, &kind, &state, &now, &expires_at],
    )
    .await
    .map(drop)
}

/// A ceremony under way.
pub(crate) async fn find(
    on: &impl Statements,
    secret_hash: &[u8],
    kind: &str,
    now: Timestamp,
) -> Result<Option<Vec<u8>>, DbError> {
    let rows = on
        .query(
            "SELECT state FROM ceremonies WHERE secret_hash = $1 AND kind = $2 AND expires_at > $3",
            &[&secret_hash, &kind, &now],
        )
        .await?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// Takes a ceremony: of two who try, one gets it.
pub(crate) async fn take(
    on: &impl Statements,
    secret_hash: &[u8],
    kind: &str,
    now: Timestamp,
) -> Result<Option<Vec<u8>>, DbError> {
    let rows = on
        .query(
            "DELETE FROM ceremonies WHERE secret_hash = $1 AND kind = $2 AND expires_at > $3 RETURNING state",
            &[&secret_hash, &kind, &now],
        )
        .await?;
    Ok(rows.first().map(|row| row.get(0)))
}
