//! The table `storage_versions`, and deleted keys, whose last value stays in `encrypted_storage` until its time is over.

use jiff::Timestamp;
use serde_json::Value as Json;
use shared::data::{DbError, Statements};
use shared::vault::BlindIndex;
use uuid::Uuid;

use super::places::{here, others};
use super::values::{Changed, Limits, MOST_VERSIONS, changed};

/// A former version of a value.
pub(crate) struct Former {
    pub(crate) version: i64,
    pub(crate) sealed_bytes: i32,
    pub(crate) metadata: Option<String>,
    pub(crate) updated_at: Timestamp,
    pub(crate) replaced_at: Timestamp,
}

/// A key's former versions replaced since then, the newest first.
pub(crate) async fn list(on: &impl Statements, key: &BlindIndex, since: Timestamp) -> Result<Vec<Former>, DbError> {
    let rows = on
        .query(
            "SELECT version, octet_length(encrypted_data), metadata, updated_at, deleted_at AS replaced_at
                 FROM encrypted_storage WHERE key_index = ANY ($1) AND deleted_at > $2
             UNION ALL
             SELECT version, octet_length(encrypted_data), metadata, updated_at, replaced_at
                 FROM storage_versions WHERE key_index = ANY ($1) AND replaced_at > $2
             ORDER BY version DESC",
            &[&key.candidates(), &since],
        )
        .await?;
    let former = |row: &tokio_postgres::Row| Former {
        version: row.get(0),
        sealed_bytes: row.get(1),
        metadata: row.get(2),
        updated_at: row.get(3),
        replaced_at: row.get(4),
    };
    Ok(rows.iter().map(former).collect())
}

/// One version of a value, the newest or a former one.
pub(crate) struct Found {
    /// The index it stands under.
    pub(crate) index: Vec<u8>,
    pub(crate) data: Vec<u8>,
    pub(crate) metadata: Option<String>,
    pub(crate) updated_at: Timestamp,
}

/// Finds one version.
pub(crate) async fn find(
    on: &impl Statements,
    key: &BlindIndex,
    version: i64,
    since: Timestamp,
) -> Result<Option<Found>, DbError> {
    let rows = on
        .query(
            "SELECT key_index, encrypted_data, metadata, updated_at FROM encrypted_storage
                 WHERE key_index = ANY ($1) AND version = $2 AND (deleted_at IS NULL OR deleted_at > $3)
             UNION ALL
             SELECT key_index, encrypted_data, metadata, updated_at FROM storage_versions
                 WHERE key_index = ANY ($1) AND version = $2 AND replaced_at > $3",
            &[&key.candidates(), &version, &since],
        )
        .await?;
    Ok(rows.first().map(|row| Found {
        index: row.get(0),
        data: row.get(1),
        metadata: row.get(2),
        updated_at: row.get(3),
    }))
}

/// Which former version is to be the newest again.
pub(crate) struct Wanted<'a> {
    pub(crate) key: &'a BlindIndex,
    pub(crate) version: i64,
    pub(crate) since: Timestamp,
}

/// Makes a former version the newest again, under a new number.
pub(crate) async fn restore(
    on: &impl Statements,
    user_id: Uuid,
    wanted: &Wanted<'_>,
    conditions: Option<Json>,
    now: Timestamp,
    limits: Limits,
) -> Result<Changed, DbError> {
    let rows = on
        .query(
            "SELECT verdict, item, number
             FROM restore_value($1, (keys_here($1, ARRAY[$2::bytea], $10))[1], $3, $4, $5, $6, $7, $8, $9)",
            &[
                &user_id,
                &wanted.key.as_bytes(),
                &wanted.version,
                &conditions,
                &now,
                &wanted.since,
                &limits.keys,
                &limits.bytes,
                &MOST_VERSIONS,
                &others(std::slice::from_ref(wanted.key)),
            ],
        )
        .await;
    changed(rows)
}

/// Forgets at most so many former versions and deleted keys, of one key or of all; gives how many those were, or nothing
/// where the key stands under its other index.
pub(crate) async fn forget(
    on: &impl Statements,
    user_id: Uuid,
    key: Option<&BlindIndex>,
    most: i32,
) -> Result<Option<u64>, DbError> {
    let index = key.map(BlindIndex::as_bytes);
    let others = others(key.map_or(&[], std::slice::from_ref));
    let sql = "SELECT forget_versions($1, (keys_here($1, ARRAY[$2::bytea], $4))[1], $3)";
    let rows = here(on.query(sql, &[&user_id, &index, &most, &others]).await)?;
    Ok(rows.map(|rows| rows.first().map_or(0, |row| row.get::<_, i64>(0).unsigned_abs())))
}

/// Forgets at most so many versions and deleted keys, of all users, whose time was over at `before`.
pub(crate) async fn sweep(on: &impl Statements, before: Timestamp, most: i32) -> Result<u64, DbError> {
    let rows = on.query("SELECT sweep_storage_versions($1, $2)", &[&before, &most]).await?;
    Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0).unsigned_abs()))
}
