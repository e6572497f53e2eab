use jiff::Timestamp;
use shared::data::{DbError, Statements};
use shared::vault::BlindIndex;
use uuid::Uuid;

/// A value to store, sealed.
pub(crate) struct Sealed {
    pub(crate) name: Vec<u8>,
    pub(crate) data: Vec<u8>,
}

pub(crate) async fn upsert(
    on: &impl Statements,
    id: Uuid,
    user_id: Uuid,
    key: &BlindIndex,
    sealed: &Sealed,
    now: Timestamp,
) -> Result<(), DbError> {
    on.query(
        "INSERT INTO encrypted_storage (id, user_id, key_index, key_name, encrypted_data, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)
         ON CONFLICT (user_id, key_index) DO UPDATE SET
             key_name = excluded.key_name, encrypted_data = excluded.encrypted_data, updated_at = excluded.updated_at",
        &[&id, &user_id, &key.as_bytes(), &sealed.name, &sealed.data, &now],
    )
    .await
    .map(drop)
}

pub(crate) async fn find(on: &impl Statements, key: &BlindIndex) -> Result<Option<(Vec<u8>, Timestamp)>, DbError> {
    let rows = on
        .query("SELECT encrypted_data, updated_at FROM encrypted_storage WHERE key_index = $1", &[&key.as_bytes()])
        .await?;
    Ok(rows.first().map(|row| (row.get(0), row.get(1))))
}

pub(crate) async fn delete(on: &impl Statements, key: &BlindIndex) -> Result<bool, DbError> {
    let rows = on.query("DELETE FROM encrypted_storage WHERE key_index = $1 RETURNING id", &[&key.as_bytes()]).await?;
    Ok(!rows.is_empty())
}

pub(crate) async fn clear(on: &impl Statements) -> Result<u64, DbError> {
    let rows =
        on.query("WITH gone AS (DELETE FROM encrypted_storage RETURNING id) SELECT count(*) FROM gone", &[]).await?;
    Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0).unsigned_abs()))
}

/// Each key's index and sealed name.
pub(crate) async fn names(on: &impl Statements) -> Result<Vec<(Vec<u8>, Vec<u8>)>, DbError> {
    let rows = on.query("SELECT key_index, key_name FROM encrypted_storage", &[]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
