//! The tables `data_keys` and `blind_index_keys`: what the vault itself asks for.

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::keyring::{WrappedKey, Wrappings};
use super::{IndexKeys, VaultError};
use crate::data::{Db, DbError, Statements};

/// A data key as it is stored.
pub struct StoredKey {
    pub version: u32,
    /// Whether it may seal.
    pub active: bool,
    /// `None` where it may not be used: revoked, or shredded.
    pub copies: Option<Wrappings>,
}

/// The newest version of the subject's key, whatever its state.
pub async fn newest(db: &Db, subject: Uuid) -> Result<Option<StoredKey>, VaultError> {
    let sql = "SELECT version, state, keyring, wrapped, second_keyring, second_wrapped FROM data_keys \
               WHERE subject = $1 ORDER BY version DESC LIMIT 1";
    first(&db.unaudited(subject).query(sql, &[&subject]).await?)
}

/// One version of the subject's key, whatever its state.
pub async fn version(db: &Db, subject: Uuid, version: u32) -> Result<Option<StoredKey>, VaultError> {
    let sql = "SELECT version, state, keyring, wrapped, second_keyring, second_wrapped FROM data_keys \
               WHERE subject = $1 AND version = $2";
    first(&db.unaudited(subject).query(sql, &[&subject, &column(version)?]).await?)
}

/// Stores a new key unless that version exists already: of two who make a subject's first key at once, the second reads
/// the first one's. Whether it was stored.
pub async fn insert(
    on: &impl Statements,
    subject: Uuid,
    version: u32,
    copies: &Wrappings,
    now: Timestamp,
) -> Result<bool, VaultError> {
    let sql = "INSERT INTO data_keys (subject, version, state, keyring, wrapped, second_keyring, second_wrapped, \
               created_at) VALUES ($1, $2, 'active', $3, $4, $5, $6, $7) ON CONFLICT (subject, version) DO NOTHING \
               RETURNING version";
    let Wrappings { first, second } = copies;
    let (second_id, second) = (second.as_ref().map(|key| &key.key_id), second.as_ref().map(|key| &key.bytes));
    let version = column(version)?;
    let rows = on.query(sql, &[&subject, &version, &first.key_id, &first.bytes, &second_id, &second, &now]).await?;
    Ok(!rows.is_empty())
}

/// Which versions of the system's key make blind indexes.
pub async fn index_keys(db: &Db) -> Result<IndexKeys, VaultError> {
    let sql = "SELECT version, state = 'current' FROM blind_index_keys WHERE state <> 'retired'";
    let rows = db.unscoped().query(sql, &[]).await?;
    let of = |current: bool| {
        let row = rows.iter().find(|row| row.get::<_, bool>(1) == current)?;
        u8::try_from(row.get::<_, i16>(0)).ok()
    };
    let current = of(true).ok_or(DbError::Column("blind_index_keys.version"))?;
    Ok(IndexKeys { current, other: of(false) })
}

fn first(rows: &[Row]) -> Result<Option<StoredKey>, VaultError> {
    rows.first().map(stored_key).transpose()
}

/// A key from the six columns that [`newest`] selects, from `version` on.
pub(super) fn stored_key(row: &Row) -> Result<StoredKey, VaultError> {
    let malformed = VaultError::Malformed("a row of data_keys");
    let version = u32::try_from(row.get::<_, i32>(0)).map_err(|_| malformed)?;
    let state: &str = row.get(1);
    let copy = |key_id: Option<String>, bytes: Option<Vec<u8>>| Some(WrappedKey { key_id: key_id?, bytes: bytes? });
    let usable = matches!(state, "active" | "retired");
    let copies = copy(row.get(2), row.get(3)).filter(|_| usable);
    let copies = copies.map(|first| Wrappings { first, second: copy(row.get(4), row.get(5)) });
    Ok(StoredKey { version, active: state == "active", copies })
}

pub(super) fn column(version: u32) -> Result<i32, VaultError> {
    i32::try_from(version).map_err(|_| VaultError::Malformed("no data key has such a version"))
}
