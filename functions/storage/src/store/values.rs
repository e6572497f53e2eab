//! The tables `encrypted_storage` and `storage_counters`. What changes them are functions of the database: they lock the
//! user's counters first, so that of two who change one key each sees what the other did, in one round trip.

use jiff::Timestamp;
use serde_json::Value as Json;
use shared::data::{DbError, Statements};
use shared::vault::BlindIndex;
use tokio_postgres::Row;
use uuid::Uuid;

use super::places::{here, others};

/// Most former versions of one key.
pub(crate) const MOST_VERSIONS: i32 = 100;

/// A value to store, sealed.
pub(crate) struct Sealed {
    pub(crate) index: BlindIndex,
    pub(crate) name: Vec<u8>,
    pub(crate) data: Vec<u8>,
    pub(crate) metadata: Option<String>,
}

/// What one user may keep.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) keys: i64,
    pub(crate) bytes: i64,
}

/// What a change did, or why it did nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// It happened to these items, counted from 0, each of which has this version.
    Done(Vec<(usize, i64)>),
    /// The conditions of these items do not hold.
    Refused(Vec<usize>),
    /// The user has as many keys as may be.
    TooManyKeys,
    /// The user keeps as many bytes as may be.
    Full,
    /// There is no such version.
    NotFound,
    /// A key stands under its other blind index: it has to be moved first.
    Elsewhere,
}

/// A value as it is stored.
pub(crate) struct Found {
    /// Which of the keys that were asked for, counted from 0.
    pub(crate) item: usize,
    /// The index it stands under.
    pub(crate) index: Vec<u8>,
    pub(crate) version: i64,
    pub(crate) updated_at: Timestamp,
    pub(crate) metadata: Option<String>,
    pub(crate) data: Content,
}

/// A value's bytes, or why there are none.
pub(crate) enum Content {
    Sealed(Vec<u8>),
    /// The caller knows this version.
    Known,
    /// The answer would become too long.
    LeftOff,
}

/// Stores all values or none, each where its condition holds.
pub(crate) async fn store(
    on: &impl Statements,
    user_id: Uuid,
    values: &[Sealed],
    conditions: Option<Json>,
    now: Timestamp,
    limits: Limits,
) -> Result<Changed, DbError> {
    let places: Vec<BlindIndex> = values.iter().map(|value| value.index).collect();
    let indexes: Vec<&[u8]> = places.iter().map(BlindIndex::as_bytes).collect();
    let names: Vec<&[u8]> = values.iter().map(|value| &*value.name).collect();
    let contents: Vec<&[u8]> = values.iter().map(|value| &*value.data).collect();
    let notes: Vec<Option<&str>> = values.iter().map(|value| value.metadata.as_deref()).collect();
    let rows = on
        .query(
            "SELECT verdict, item, number
             FROM store_values($1, keys_here($1, $2, $11), $3, $4, $5, $6, $7, $8, $9, $10)",
            &[
                &user_id,
                &indexes,
                &names,
                &contents,
                &notes,
                &conditions,
                &now,
                &limits.keys,
                &limits.bytes,
                &MOST_VERSIONS,
                &others(&places),
            ],
        )
        .await;
    changed(rows)
}

/// Deletes all keys or none, each where its condition holds.
pub(crate) async fn remove(
    on: &impl Statements,
    user_id: Uuid,
    keys: &[BlindIndex],
    conditions: Option<Json>,
    now: Timestamp,
) -> Result<Changed, DbError> {
    let indexes: Vec<&[u8]> = keys.iter().map(BlindIndex::as_bytes).collect();
    let sql = "SELECT verdict, item, number FROM remove_values($1, keys_here($1, $2, $5), $3, $4)";
    changed(on.query(sql, &[&user_id, &indexes, &conditions, &now, &others(keys)]).await)
}

/// Deletes every key; gives how many there were.
pub(crate) async fn clear(on: &impl Statements, user_id: Uuid, now: Timestamp) -> Result<u64, DbError> {
    let rows = on.query("SELECT clear_values($1, $2)", &[&user_id, &now]).await?;
    Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0).unsigned_abs()))
}

/// The value under a key, without its bytes where the caller knows its version; 0 stands for any.
pub(crate) async fn find(on: &impl Statements, key: &BlindIndex, known: &[i64]) -> Result<Option<Found>, DbError> {
    let rows = on
        .query(
            "SELECT 1::bigint, version, updated_at, metadata, version = ANY ($2) OR 0 = ANY ($2),
                 CASE WHEN version = ANY ($2) OR 0 = ANY ($2) THEN NULL ELSE encrypted_data END, key_index
             FROM (SELECT * FROM encrypted_storage WHERE key_index = ANY ($1) ORDER BY version DESC LIMIT 1) newest
             WHERE deleted_at IS NULL",
            &[&key.candidates(), &known],
        )
        .await?;
    Ok(rows.first().map(found))
}

/// The values under several keys: as many as fit in `most_bytes`, sealed, and at least the first.
pub(crate) async fn find_all(
    on: &impl Statements,
    keys: &[BlindIndex],
    known: &[i64],
    most_bytes: i64,
) -> Result<Vec<Found>, DbError> {
    let others: Vec<Option<&[u8]>> = keys.iter().map(BlindIndex::other).collect();
    let keys: Vec<&[u8]> = keys.iter().map(BlindIndex::as_bytes).collect();
    let rows = on
        .query(
            "SELECT item, version, updated_at, metadata, known,
                 CASE WHEN NOT known AND (so_far <= $3 OR so_far = size) THEN encrypted_data END, key_index
             FROM (
                 SELECT *, sum(size) OVER (ORDER BY item) AS so_far FROM (
                     SELECT wanted.item, s.version, s.updated_at, s.metadata, s.encrypted_data, s.key_index,
                         s.version = wanted.known AS known,
                         CASE WHEN s.version = wanted.known THEN 0 ELSE octet_length(s.encrypted_data) END AS size
                     FROM unnest($1::bytea[], $4::bytea[], $2::bigint[])
                         WITH ORDINALITY AS wanted (key_index, other, known, item)
                     CROSS JOIN LATERAL (
                         SELECT * FROM encrypted_storage e WHERE e.key_index = ANY (ARRAY[wanted.key_index, wanted.other])
                         ORDER BY e.version DESC LIMIT 1) s
                     WHERE s.deleted_at IS NULL
                 ) each
             ) page ORDER BY item",
            &[&keys, &known, &most_bytes, &others],
        )
        .await?;
    Ok(rows.iter().map(found).collect())
}

fn found(row: &Row) -> Found {
    let item: i64 = row.get(0);
    let data = match (row.get(4), row.get::<_, Option<Vec<u8>>>(5)) {
        (true, _) => Content::Known,
        (false, Some(sealed)) => Content::Sealed(sealed),
        (false, None) => Content::LeftOff,
    };
    Found {
        item: place(item),
        index: row.get(6),
        version: row.get(1),
        updated_at: row.get(2),
        metadata: row.get(3),
        data,
    }
}

/// PostgreSQL counts from 1.
fn place(item: i64) -> usize {
    usize::try_from(item - 1).unwrap_or_default()
}

/// What a change answered.
pub(super) fn changed(answer: Result<Vec<Row>, DbError>) -> Result<Changed, DbError> {
    let Some(rows) = here(answer)? else { return Ok(Changed::Elsewhere) };
    let item = |row: &Row| place(row.get::<_, i32>(1).into());
    let verdict = rows.first().map_or("deleted", |row| row.get(0));
    Ok(match verdict {
        "stored" | "deleted" => Changed::Done(rows.iter().map(|row| (item(row), row.get(2))).collect()),
        "precondition_failed" => Changed::Refused(rows.iter().map(item).collect()),
        "too_many_keys" => Changed::TooManyKeys,
        "storage_full" => Changed::Full,
        "not_found" => Changed::NotFound,
        _ => return Err(DbError::Column("verdict")),
    })
}
