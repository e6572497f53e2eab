//! The table `data_keys`: wrapped keys, one row per subject and version.

use jiff::Timestamp;
use uuid::Uuid;

use super::VaultError;
use crate::data::{Db, Statements};

/// A data key as it is stored.
pub struct WrappedKey {
    pub version: u32,
    pub wrapped: Vec<u8>,
}

/// The newest version of the subject's key that may seal.
pub async fn newest(db: &Db, subject: Uuid) -> Result<Option<WrappedKey>, VaultError> {
    let sql = "SELECT version, wrapped FROM data_keys WHERE subject = $1 AND state = 'active' \
               ORDER BY version DESC LIMIT 1";
    first(db.unaudited(subject).query(sql, &[&subject]).await?)
}

/// One version of the subject's key, whatever its state.
pub async fn version(db: &Db, subject: Uuid, version: u32) -> Result<Option<WrappedKey>, VaultError> {
    let sql = "SELECT version, wrapped FROM data_keys WHERE subject = $1 AND version = $2";
    first(db.unaudited(subject).query(sql, &[&subject, &column(version)?]).await?)
}

/// Stores a wrapped key unless that version exists already: of two who make a subject's first key at once, the
/// second reads the first one's.
pub async fn insert(db: &Db, subject: Uuid, key: &WrappedKey, keyring: &str, now: Timestamp) -> Result<(), VaultError> {
    let sql = "INSERT INTO data_keys (subject, version, state, wrapped, keyring, created_at) \
               VALUES ($1, $2, 'active', $3, $4, $5) ON CONFLICT (subject, version) DO NOTHING";
    let version = column(key.version)?;
    db.unaudited(subject).query(sql, &[&subject, &version, &key.wrapped, &keyring, &now]).await?;
    Ok(())
}

fn first(rows: Vec<tokio_postgres::Row>) -> Result<Option<WrappedKey>, VaultError> {
    let malformed = |_| VaultError::Malformed("a row of data_keys");
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let version: i32 = row.try_get(0).map_err(malformed)?;
    let wrapped = row.try_get(1).map_err(malformed)?;
    let version = u32::try_from(version).map_err(|_| VaultError::Malformed("a row of data_keys"))?;
    Ok(Some(WrappedKey { version, wrapped }))
}

fn column(version: u32) -> Result<i32, VaultError> {
    i32::try_from(version).map_err(|_| VaultError::Malformed("no data key has such a version"))
}
