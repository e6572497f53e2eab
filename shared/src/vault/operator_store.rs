//! The table `data_keys` as an operator sees it: everybody's rows.

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::VaultError;
use super::keyring::Wrappings;
use super::store::{column, stored_key};
use crate::data::{Db, DbError, Statements};

/// How many versions are in one state, wrapped by one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyCount {
    /// `active`, `retired`, `revoked` or `shredded`.
    pub state: String,
    /// Which key wrapped them.
    pub keyring: String,
    /// Which key wrapped their second copies.
    pub second: Option<String>,
    /// How many.
    pub count: i64,
    /// When the oldest of them was made.
    pub oldest: Timestamp,
}

pub async fn counts(db: &Db) -> Result<Vec<KeyCount>, DbError> {
    let sql = "SELECT state, keyring, second_keyring, count(*), min(created_at) FROM data_keys \
               GROUP BY state, keyring, second_keyring ORDER BY state, keyring, second_keyring";
    let rows = db.unscoped().query(sql, &[]).await?;
    let count = |row: &Row| KeyCount {
        state: row.get(0),
        keyring: row.get(1),
        second: row.get(2),
        count: row.get(3),
        oldest: row.get(4),
    };
    Ok(rows.iter().map(count).collect())
}

pub async fn index_keys(db: &Db) -> Result<Vec<(i16, String)>, DbError> {
    let rows = db.unscoped().query("SELECT version, state FROM blind_index_keys ORDER BY version", &[]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

pub async fn tombstones(db: &Db) -> Result<i64, DbError> {
    let rows = db.unscoped().query("SELECT count(*) FROM tombstones", &[]).await?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

pub async fn to_rotate(db: &Db, made_before: Timestamp, after: Option<Uuid>, most: i64) -> Result<Vec<Uuid>, DbError> {
    let sql = "SELECT subject FROM data_keys WHERE $2::uuid IS NULL OR subject > $2 GROUP BY subject \
               HAVING max(created_at) < $1 AND bool_and(state <> 'shredded') ORDER BY subject LIMIT $3";
    let rows = db.unscoped().query(sql, &[&made_before, &after, &most]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

pub async fn how_many_to_rotate(db: &Db, made_before: Timestamp) -> Result<i64, DbError> {
    let sql = "SELECT count(*) FROM (SELECT FROM data_keys GROUP BY subject \
               HAVING max(created_at) < $1 AND bool_and(state <> 'shredded')) AS due";
    let rows = db.unscoped().query(sql, &[&made_before]).await?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

/// Whether row-level security does not bind the login.
pub async fn owns_the_tables(db: &Db) -> Result<bool, DbError> {
    let sql = "SELECT pg_has_role(current_user, relowner, 'MEMBER') FROM pg_class WHERE oid = 'data_keys'::regclass";
    Ok(db.unscoped().query(sql, &[]).await?.first().is_some_and(|row| row.get(0)))
}

pub async fn is_shredded(db: &Db, subject: Uuid) -> Result<bool, DbError> {
    let sql = "SELECT FROM data_keys WHERE subject = $1 AND state = 'shredded' LIMIT 1";
    Ok(!db.unscoped().query(sql, &[&subject]).await?.is_empty())
}

pub async fn retire_before(on: &impl Statements, subject: Uuid, version: u32) -> Result<(), VaultError> {
    let sql = "UPDATE data_keys SET state = 'retired' WHERE subject = $1 AND version < $2 AND state = 'active'";
    on.query(sql, &[&subject, &column(version)?]).await?;
    Ok(())
}

pub async fn how_many_to_rewrap(db: &Db, target: &str, second: Option<&str>) -> Result<i64, DbError> {
    let sql = "SELECT count(*) FROM data_keys WHERE state <> 'shredded' \
               AND (keyring <> $1 OR second_keyring IS DISTINCT FROM $2)";
    let rows = db.unscoped().query(sql, &[&target, &second]).await?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

pub async fn to_rewrap(
    db: &Db,
    target: &str,
    second: Option<&str>,
    after: Option<(Uuid, u32)>,
    most: i64,
) -> Result<Vec<(Uuid, u32, Wrappings)>, VaultError> {
    // A revoked key may come back, so it moves with the others; its copies are read as if it were usable.
    let sql = "SELECT version, 'retired', keyring, wrapped, second_keyring, second_wrapped, subject FROM data_keys \
               WHERE state <> 'shredded' AND (keyring <> $1 OR second_keyring IS DISTINCT FROM $2) \
                   AND ($3::uuid IS NULL OR (subject, version) > ($3, $4)) \
               ORDER BY subject, version LIMIT $5";
    let (subject, version) = after.unzip();
    let version = version.map(column).transpose()?.unwrap_or_default();
    let rows = db.unscoped().query(sql, &[&target, &second, &subject, &version, &most]).await?;
    let read = |row: &Row| {
        let key = stored_key(row)?;
        Ok((row.get(6), key.version, key.copies.ok_or(VaultError::Malformed("a row of data_keys"))?))
    };
    rows.iter().map(read).collect()
}

pub async fn replace(db: &Db, subject: Uuid, version: u32, old: &[u8], new: &Wrappings) -> Result<bool, VaultError> {
    let sql = "UPDATE data_keys SET keyring = $4, wrapped = $5, second_keyring = $6, second_wrapped = $7 \
               WHERE subject = $1 AND version = $2 AND wrapped = $3 RETURNING version";
    let Wrappings { first, second } = new;
    let (second_id, second) = (second.as_ref().map(|key| &key.key_id), second.as_ref().map(|key| &key.bytes));
    let version = column(version)?;
    let rows =
        db.unscoped().query(sql, &[&subject, &version, &old, &first.key_id, &first.bytes, &second_id, &second]).await?;
    Ok(!rows.is_empty())
}

/// Revoked keys come back as retired, but for the newest version, which may seal again.
pub async fn set_revoked(
    on: &impl Statements,
    subject: Uuid,
    version: Option<u32>,
    revoked: bool,
) -> Result<u64, VaultError> {
    let sql = "UPDATE data_keys AS key SET state = CASE WHEN $3 THEN 'revoked' \
                   WHEN EXISTS (SELECT FROM data_keys AS newer WHERE newer.subject = $1 \
                       AND newer.version > key.version) THEN 'retired' ELSE 'active' END \
               WHERE subject = $1 AND ($2::int IS NULL OR version = $2) \
                   AND CASE WHEN $3 THEN state IN ('active', 'retired') ELSE state = 'revoked' END RETURNING version";
    let version = version.map(column).transpose()?;
    Ok(on.query(sql, &[&subject, &version, &revoked]).await?.len() as u64)
}
