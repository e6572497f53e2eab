//! Erasure: a user's data keys shredded, rows and blind indexes gone, a tombstone left that a restored backup replays.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{BlindIndex, Vault, VaultError};
use crate::data::{Db, DbError, Statements};
use crate::ledger::AuditEntry;

/// Who was erased, and when. Holds nothing of the user: the subject is a pseudonym that stands for nobody any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// The user's id.
    pub subject: Uuid,
    /// When the user was erased.
    pub erased_at: Timestamp,
}

/// A tombstone that is kept outside the database, with the proof that Ward made it: who can write where it is kept still can't
/// have anybody erased by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptTombstone {
    /// The user's id.
    subject: Uuid,
    /// When the user was erased.
    erased_at: Timestamp,
    /// A MAC of both under a key of the vault's, in base64.
    mac: String,
}

impl KeptTombstone {
    /// A tombstone and its proof.
    pub async fn of(vault: &Vault, db: &Db, tombstone: Tombstone) -> Result<Self, VaultError> {
        let Tombstone { subject, erased_at } = tombstone;
        Ok(Self { subject, erased_at, mac: STANDARD.encode(mac(vault, db, tombstone).await?.as_bytes()) })
    }

    /// The tombstone, where Ward made it.
    ///
    /// # Errors
    /// [`VaultError::Rejected`] where the proof is not right.
    pub async fn proved(&self, vault: &Vault, db: &Db) -> Result<Tombstone, VaultError> {
        let tombstone = Tombstone { subject: self.subject, erased_at: self.erased_at };
        let right = mac(vault, db, tombstone).await?;
        let given = STANDARD.decode(&self.mac).unwrap_or_default();
        if right.as_bytes().ct_eq(&given).into() { Ok(tombstone) } else { Err(VaultError::Rejected) }
    }
}

async fn mac(vault: &Vault, db: &Db, tombstone: Tombstone) -> Result<BlindIndex, VaultError> {
    vault.mac(db, "tombstone", Some(tombstone.subject), &tombstone.erased_at.to_string()).await
}

/// Rows deleted in one statement.
const AT_ONCE: i32 = 5_000;

/// Begins to erase the entry's user: for the operator, or where the deletion that the user asked for is due. The keys are
/// shredded in a transaction of their own: from then on nothing opens and nobody signs in. Whether there is a user; done again,
/// it changes nothing. Functions that run already hold a data key for at most 300 s.
///
/// # Errors
/// SQLSTATE 42501 where neither is the case.
pub async fn begin(db: &Db, entry: AuditEntry, now: Timestamp) -> Result<bool, DbError> {
    let subject = entry.user_id();
    let rows = db.scoped(entry).query("SELECT begin_erasure($1, $2)", &[&subject, &now]).await?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}

/// Deletes the rows of a user whose erasure has begun, a few thousand at a time. Where it was cut short, doing it again goes on.
///
/// # Errors
/// SQLSTATE 42501 where it has not begun.
pub async fn finish(db: &Db, subject: Uuid) -> Result<(), DbError> {
    loop {
        let rows = db.unscoped().query("SELECT go_on_erasing($1, $2)", &[&subject, &AT_ONCE]).await?;
        if rows.first().is_none_or(|row| row.get::<_, i64>(0) == 0) {
            return Ok(());
        }
    }
}

/// A page of tombstones: behind this subject, in their order. All of them on a login that row-level security does not bind.
pub async fn tombstones(db: &Db, after: Option<Uuid>, most: i64) -> Result<Vec<Tombstone>, DbError> {
    let sql = "SELECT subject, erased_at FROM tombstones WHERE $1::uuid IS NULL OR subject > $1 \
               ORDER BY subject LIMIT $2";
    let rows = db.unscoped().query(sql, &[&after, &most]).await?;
    let tombstone = |row: &Row| Tombstone { subject: row.get(0), erased_at: row.get(1) };
    Ok(rows.iter().map(tombstone).collect())
}

/// Which of these subjects the database still holds something of, though they were erased: it was restored from a backup.
pub async fn risen(db: &Db, erased: &[Uuid]) -> Result<Vec<Uuid>, DbError> {
    let sql = "SELECT subject FROM unnest($1::uuid[]) AS subject \
               WHERE EXISTS (SELECT FROM users WHERE id = subject) \
                   OR EXISTS (SELECT FROM data_keys AS key WHERE key.subject = subject.subject AND state <> 'shredded') \
                   OR NOT EXISTS (SELECT FROM tombstones AS stone WHERE stone.subject = subject.subject)";
    let rows = db.unscoped().query(sql, &[&erased]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
