//! Sealed names, a page at a time in the order of their indexes: a name itself can't be ordered or searched.

use jiff::Timestamp;
use shared::data::{DbError, Statements};
use tokio_postgres::Row;

/// A key as it is stored.
pub(crate) struct Named {
    pub(crate) index: Vec<u8>,
    pub(crate) name: Vec<u8>,
    pub(crate) details: Option<Details>,
}

/// What can be told of a key's value without opening it.
pub(crate) struct Details {
    pub(crate) version: i64,
    pub(crate) sealed_bytes: i32,
    pub(crate) updated_at: Timestamp,
    pub(crate) deleted_at: Option<Timestamp>,
    pub(crate) metadata: Option<String>,
}

/// The keys behind an index, at most so many.
pub(crate) async fn page(on: &impl Statements, after: &[u8], most: i64) -> Result<Vec<Named>, DbError> {
    let rows = on
        .query(
            "SELECT key_index, key_name FROM encrypted_storage
             WHERE key_index > $1 AND deleted_at IS NULL ORDER BY key_index LIMIT $2",
            &[&after, &most],
        )
        .await?;
    Ok(rows.iter().map(|row| Named { index: row.get(0), name: row.get(1), details: None }).collect())
}

/// The same with details.
pub(crate) async fn page_in_detail(on: &impl Statements, after: &[u8], most: i64) -> Result<Vec<Named>, DbError> {
    let rows = on
        .query(
            "SELECT key_index, key_name, version, octet_length(encrypted_data), updated_at, deleted_at, metadata
             FROM encrypted_storage WHERE key_index > $1 AND deleted_at IS NULL ORDER BY key_index LIMIT $2",
            &[&after, &most],
        )
        .await?;
    Ok(rows.iter().map(detailed).collect())
}

/// Keys deleted since then, with details.
pub(crate) async fn deleted(
    on: &impl Statements,
    after: &[u8],
    most: i64,
    since: Timestamp,
) -> Result<Vec<Named>, DbError> {
    let rows = on
        .query(
            "SELECT key_index, key_name, version, octet_length(encrypted_data), updated_at, deleted_at, metadata
             FROM encrypted_storage
             WHERE key_index > $1 AND deleted_at IS NOT NULL AND deleted_at > $3 ORDER BY key_index LIMIT $2",
            &[&after, &most, &since],
        )
        .await?;
    Ok(rows.iter().map(detailed).collect())
}

fn detailed(row: &Row) -> Named {
    let details = Details {
        version: row.get(2),
        sealed_bytes: row.get(3),
        updated_at: row.get(4),
        deleted_at: row.get(5),
        metadata: row.get(6),
    };
    Named { index: row.get(0), name: row.get(1), details: Some(details) }
}
