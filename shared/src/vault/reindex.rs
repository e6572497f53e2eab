//! Making blind indexes anew, under another version of the system's key. Behind `ward keys reindex`.
//!
//! Three phases, each remembered in `blind_index_keys`. First there is a `next` key beside the `current` one, and look-ups
//! ask for both. When every function does so the next one becomes `current`, the other `previous`: what is written has the new
//! index, and both are still looked for. When every function writes so, the rows are gone through; then the old key is `retired`.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{BlindIndex, SYSTEM, VaultError};
use crate::Platform;
use crate::data::{Db, DbError, Statements};
use crate::http::Problem;

/// The statements on a column of blind indexes. `$1` is the current version in the first two.
#[derive(Clone, Copy, Debug)]
pub struct IndexStatements {
    /// The table.
    pub table: &'static str,
    /// How many rows have another version.
    pub count: &'static str,
    /// At most `$3` of them whose id is behind `$2`: id, owner, kind, index, and the sealed value it is of.
    pub page: &'static str,
    /// Puts `$3` in the place of the index `$2` of the row `$1`.
    pub replace: &'static str,
}

/// A row whose index is of another version.
pub struct IndexedRow {
    /// The row.
    pub id: Uuid,
    /// Who sealed the value.
    pub owner: Uuid,
    /// Which kind of value it is, where a table has several.
    pub kind: String,
    /// The index now.
    pub index: Vec<u8>,
    /// The sealed value.
    pub sealed: Vec<u8>,
}

/// A column of blind indexes that can be made anew.
pub trait Indexed: Send + Sync {
    /// Its statements.
    fn statements(&self) -> IndexStatements;

    /// The index that the row's value has now.
    fn index<'a>(&'a self, platform: &'a Platform, row: &'a IndexedRow) -> BoxFuture<'a, Result<BlindIndex, Problem>>;

    /// Makes the row's index anew. Where another has written it meanwhile it is left alone: that has the new index already.
    fn renew<'a>(
        &'a self,
        platform: &'a Platform,
        db: &'a Db,
        row: &'a IndexedRow,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        async {
            let index = self.index(platform, row).await?;
            let replace = self.statements().replace;
            db.unscoped().query(replace, &[&row.id, &row.index, &index.as_bytes()]).await?;
            Ok(())
        }
        .boxed()
    }
}

impl IndexStatements {
    /// How many rows are to be gone through.
    pub async fn how_many(&self, db: &Db, current: i16) -> Result<i64, DbError> {
        let rows = db.unscoped().query(self.count, &[&i32::from(current)]).await?;
        Ok(rows.first().map_or(0, |row| row.get(0)))
    }

    /// A page of them.
    pub async fn page(
        &self,
        db: &Db,
        current: i16,
        after: Option<Uuid>,
        most: i64,
    ) -> Result<Vec<IndexedRow>, DbError> {
        let rows = db.unscoped().query(self.page, &[&i32::from(current), &after, &most]).await?;
        let read = |row: &Row| IndexedRow {
            id: row.get(0),
            owner: row.get(1),
            kind: row.get(2),
            index: row.get(3),
            sealed: row.get(4),
        };
        Ok(rows.iter().map(read).collect())
    }
}

/// Where the making anew stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// One key makes all indexes.
    Settled {
        /// Its version.
        current: i16,
    },
    /// Look-ups begin to ask for the next one as well.
    Announced {
        /// The next version.
        next: i16,
        /// Since when.
        since: Timestamp,
    },
    /// What is written begins to have the new one's.
    Switched {
        /// The new version.
        current: i16,
        /// Since when.
        since: Timestamp,
    },
}

/// Where it stands now.
pub async fn phase(db: &Db) -> Result<Phase, VaultError> {
    let sql = "SELECT version, state, changed_at FROM blind_index_keys WHERE state <> 'retired'";
    let rows = db.unscoped().query(sql, &[]).await?;
    let of = |state: &str| rows.iter().find(|row| row.get::<_, &str>(1) == state);
    let current = of("current").ok_or(DbError::Column("blind_index_keys.state"))?;
    Ok(match (of("next"), of("previous")) {
        (Some(next), _) => Phase::Announced { next: next.get(0), since: next.get(2) },
        (None, Some(previous)) => Phase::Switched { current: current.get(0), since: previous.get(2) },
        (None, None) => Phase::Settled { current: current.get(0) },
    })
}

/// The newest version of the system's key that may seal.
pub async fn newest_version(db: &Db) -> Result<i16, VaultError> {
    let newest = super::store::newest(db, SYSTEM).await?.filter(|key| key.active).ok_or(VaultError::Rejected)?;
    u8::try_from(newest.version)
        .map(i16::from)
        .map_err(|_| VaultError::Malformed("no more than 255 versions have indexes"))
}

/// Whether functions are connected to the database, by the name they give their connections.
pub async fn others_are_connected(db: &Db) -> Result<bool, DbError> {
    let sql = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1 LIMIT 1";
    Ok(!db.unscoped().query(sql, &[&Db::FUNCTIONS]).await?.is_empty())
}

/// Announces the next version.
pub async fn announce(db: &Db, next: i16, now: Timestamp) -> Result<(), DbError> {
    let sql = "INSERT INTO blind_index_keys (version, state, changed_at) VALUES ($1, 'next', $2)";
    db.unscoped().query(sql, &[&next, &now]).await.map(drop)
}

/// Makes the next version the current one, in one statement: there is always exactly one.
pub async fn switch(db: &Db, now: Timestamp) -> Result<(), DbError> {
    let sql = "UPDATE blind_index_keys SET changed_at = $1, \
               state = CASE state WHEN 'next' THEN 'current' ELSE 'previous' END \
               WHERE state IN ('next', 'current') AND EXISTS (SELECT FROM blind_index_keys WHERE state = 'next')";
    db.unscoped().query(sql, &[&now]).await.map(drop)
}

/// Retires the previous version.
pub async fn retire(db: &Db, now: Timestamp) -> Result<(), DbError> {
    let sql = "UPDATE blind_index_keys SET state = 'retired', changed_at = $1 WHERE state = 'previous'";
    db.unscoped().query(sql, &[&now]).await.map(drop)
}
