use jiff::Timestamp;
use shared::data::{DbError, Statements};

/// Stores a ceremony that has begun, and forgets those whose time is over.
pub(crate) async fn insert(
    on: &impl Statements,
    secret_hash: &[u8],
    kind: &str,
    state: &[u8],
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), DbError> {
    on.query(
        "WITH expired AS (DELETE FROM webauthn_ceremonies WHERE expires_at < $4)
         INSERT INTO webauthn_ceremonies (secret_hash, kind, state, expires_at) VALUES ($1, $2, $3, $5)",
        &[&secret_hash, &kind, &state, &now, &expires_at],
    )
    .await
    .map(drop)
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
            "DELETE FROM webauthn_ceremonies WHERE secret_hash = $1 AND kind = $2 AND expires_at > $3 RETURNING state",
            &[&secret_hash, &kind, &now],
        )
        .await?;
    Ok(rows.first().map(|row| row.get(0)))
}
