//! The tables `file_uploads` and `file_usage`.

use jiff::Timestamp;
use shared::data::{DbError, Statements};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::model::file_state::FileState;

/// A file to store; what is sealed is sealed.
pub(crate) struct New<'a> {
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    /// The object's key.
    pub(crate) filename: &'a str,
    pub(crate) original_name: Vec<u8>,
    pub(crate) declared_type: &'static str,
    pub(crate) mime_type: &'static str,
    pub(crate) size: i64,
    pub(crate) content_hash: Vec<u8>,
    pub(crate) content_head: Option<Vec<u8>>,
    pub(crate) upload_expires_at: Option<Timestamp>,
}

/// The most one user may have.
#[derive(Clone, Copy)]
pub(crate) struct Room {
    pub(crate) files: i64,
    pub(crate) bytes: i64,
}

/// A file as it is stored.
pub(crate) struct Stored {
    pub(crate) id: Uuid,
    pub(crate) filename: String,
    /// Sealed.
    pub(crate) original_name: Vec<u8>,
    pub(crate) declared_type: String,
    pub(crate) mime_type: String,
    pub(crate) size: u64,
    /// Sealed.
    pub(crate) content_hash: Vec<u8>,
    pub(crate) content_head: Option<Vec<u8>>,
    pub(crate) state: FileState,
    pub(crate) version: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) uploaded_at: Option<Timestamp>,
}

impl Stored {
    /// From columns in the order of the fields, behind `at` others.
    fn from_row(row: &Row, at: usize) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get(at),
            filename: row.get(at + 1),
            original_name: row.get(at + 2),
            declared_type: row.get(at + 3),
            mime_type: row.get(at + 4),
            size: row.get::<_, i64>(at + 5).unsigned_abs(),
            content_hash: row.get(at + 6),
            content_head: row.get(at + 7),
            state: FileState::parse(row.get(at + 8)).ok_or(DbError::Column("state"))?,
            version: row.get(at + 9),
            created_at: row.get(at + 10),
            uploaded_at: row.get(at + 11),
        })
    }
}

/// Stores a file that is being uploaded; `false` where the user has no room for it.
pub(crate) async fn insert(on: &impl Statements, new: &New<'_>, room: Room, now: Timestamp) -> Result<bool, DbError> {
    let rows = on
        .query(
            "WITH room AS (
                 INSERT INTO file_usage AS there (user_id, files, bytes)
                 SELECT $2::uuid, 1, $7::bigint WHERE $11::bigint >= 1 AND $7::bigint <= $12::bigint
                 ON CONFLICT (user_id) DO UPDATE SET files = there.files + 1, bytes = there.bytes + $7
                     WHERE there.files + 1 <= $11 AND there.bytes + $7 <= $12
                 RETURNING user_id
             )
             INSERT INTO file_uploads (id, user_id, filename, original_name, declared_type, mime_type, size, content_hash,
                 content_head, state, upload_expires_at, created_at, updated_at)
             SELECT $1::uuid, user_id, $3::text, $4::bytea, $5::text, $6::text, $7::bigint, $8::bytea, $9::bytea,
                 'uploading', $10::timestamptz, $13::timestamptz, $13::timestamptz FROM room
             RETURNING id",
            &[
                &new.id,
                &new.user_id,
                &new.filename,
                &new.original_name,
                &new.declared_type,
                &new.mime_type,
                &new.size,
                &new.content_hash,
                &new.content_head,
                &new.upload_expires_at,
                &room.files,
                &room.bytes,
                &now,
            ],
        )
        .await?;
    Ok(!rows.is_empty())
}

pub(crate) async fn find(on: &impl Statements, id: Uuid) -> Result<Option<Stored>, DbError> {
    let rows = on
        .query(
            "SELECT id, filename, original_name, declared_type, mime_type, size, content_hash, content_head, state, version,
                 created_at, uploaded_at
             FROM file_uploads WHERE id = $1",
            &[&id],
        )
        .await?;
    rows.first().map(|row| Stored::from_row(row, 0)).transpose()
}

/// At most `limit` files before `before`, the newest first.
pub(crate) async fn page(on: &impl Statements, before: Option<Uuid>, limit: i64) -> Result<Vec<Stored>, DbError> {
    let rows = on
        .query(
            "SELECT id, filename, original_name, declared_type, mime_type, size, content_hash, content_head, state, version,
                 created_at, uploaded_at
             FROM file_uploads WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2",
            &[&before, &limit],
        )
        .await?;
    rows.iter().map(|row| Stored::from_row(row, 0)).collect()
}

/// At most `limit` ids behind `after`, in their order.
pub(crate) async fn ids(on: &impl Statements, after: Option<Uuid>, limit: i64) -> Result<Vec<Uuid>, DbError> {
    let sql = "SELECT id FROM file_uploads WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT $2";
    let rows = on.query(sql, &[&after, &limit]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Moves a file on from one of the states before; gives it as it is now, or nothing where it was in neither.
pub(crate) async fn advance(
    on: &impl Statements,
    id: Uuid,
    state: FileState,
    mime_type: &str,
    now: Timestamp,
) -> Result<Option<Stored>, DbError> {
    let rows = on
        .query(
            "UPDATE file_uploads SET state = $2, mime_type = $3, uploaded_at = coalesce(uploaded_at, $4), updated_at = $4,
                 version = version + 1
             WHERE id = $1 AND state IN ('uploading', 'scanning')
             RETURNING id, filename, original_name, declared_type, mime_type, size, content_hash, content_head, state,
                 version, created_at, uploaded_at",
            &[&id, &state.name(), &mime_type, &now],
        )
        .await?;
    rows.first().map(|row| Stored::from_row(row, 0)).transpose()
}

/// What came of a change that depends on the version.
pub(crate) enum Changed<T> {
    /// It was made.
    Done(T),
    /// The file is of another version.
    OtherVersion,
    /// There is no such file.
    Missing,
}

impl<T> Changed<T> {
    /// From a row whose first column says whether the change was made.
    fn from_rows(rows: &[Row], done: impl FnOnce(&Row) -> Result<T, DbError>) -> Result<Self, DbError> {
        match rows.first() {
            None => Ok(Self::Missing),
            Some(row) if row.get::<_, bool>(0) => done(row).map(Self::Done),
            Some(_) => Ok(Self::OtherVersion),
        }
    }
}

/// Gives a file another sealed name, where its version is one of `versions` or any will do; gives it as it is now.
pub(crate) async fn rename(
    on: &impl Statements,
    id: Uuid,
    original_name: &[u8],
    versions: Option<&[i64]>,
    now: Timestamp,
) -> Result<Changed<Stored>, DbError> {
    let rows = on
        .query(
            "WITH changed AS (
                 UPDATE file_uploads SET original_name = $2, version = version + 1, updated_at = $4
                 WHERE id = $1 AND ($3::bigint[] IS NULL OR version = ANY ($3))
                 RETURNING id, filename, original_name, declared_type, mime_type, size, content_hash, content_head, state,
                     version, created_at, uploaded_at
             )
             SELECT changed.id IS NOT NULL, changed.*
             FROM (SELECT FROM file_uploads WHERE id = $1) found LEFT JOIN changed ON true",
            &[&id, &original_name, &versions, &now],
        )
        .await?;
    Changed::from_rows(&rows, |row| Stored::from_row(row, 1))
}

/// Deletes a file, where its version is one of `versions` or any will do; gives its object's key.
pub(crate) async fn delete(
    on: &impl Statements,
    id: Uuid,
    versions: Option<&[i64]>,
) -> Result<Changed<String>, DbError> {
    let rows = on
        .query(
            // Locked first: who comes second finds nothing, and not another version.
            "WITH found AS (
                 SELECT id, version FROM file_uploads WHERE id = $1 FOR UPDATE
             ), gone AS (
                 DELETE FROM file_uploads f USING found
                 WHERE f.id = found.id AND ($2::bigint[] IS NULL OR found.version = ANY ($2)) RETURNING f.filename
             )
             SELECT gone.filename IS NOT NULL, gone.filename FROM found LEFT JOIN gone ON true",
            &[&id, &versions],
        )
        .await?;
    Changed::from_rows(&rows, |row| Ok(row.get(1)))
}

/// Deletes an upload that nobody finished; gives its object's key where it was still that.
pub(crate) async fn delete_unfinished(on: &impl Statements, id: Uuid) -> Result<Option<String>, DbError> {
    let sql = "DELETE FROM file_uploads WHERE id = $1 AND state = 'uploading' RETURNING filename";
    let rows = on.query(sql, &[&id]).await?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// A file that waits for something.
pub(crate) struct Due {
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) state: FileState,
}

/// Claims at most `at_most` files that wait for something, whoever's they are. Runs past row-level security.
pub(crate) async fn claim_due(on: &impl Statements, now: Timestamp, at_most: i32) -> Result<Vec<Due>, DbError> {
    let rows = on.query("SELECT id, user_id, state FROM claim_due_files($1, $2)", &[&now, &at_most]).await?;
    let due = rows.iter().map(|row| {
        let state = FileState::parse(row.get(2)).ok_or(DbError::Column("state"))?;
        Ok(Due { id: row.get(0), user_id: row.get(1), state })
    });
    due.collect()
}
