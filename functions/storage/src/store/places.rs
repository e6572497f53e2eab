//! The tables `encrypted_storage` and `storage_versions` while their blind indexes are made anew: under which index a key
//! stands, and its move to another, a version at a time.

use shared::data::{DbError, Statements};
use shared::vault::BlindIndex;
use shared::vault::reindex::IndexStatements;
use uuid::Uuid;

/// `keys_here()` found a key under another index.
const ELSEWHERE: &str = "WD001";

/// Keys with their newest versions.
pub(crate) const KEYS: IndexStatements = IndexStatements {
    table: "encrypted_storage",
    count: "SELECT count(*) FROM encrypted_storage WHERE get_byte(key_index, 0) <> $1",
    page: "SELECT id, user_id, 'key', key_index, key_name FROM encrypted_storage
        WHERE get_byte(key_index, 0) <> $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3",
    replace: "",
};

/// Former versions of keys that have no newest one any more: some of a key that is just being forgotten.
pub(crate) const FORMER: IndexStatements = IndexStatements {
    table: "storage_versions",
    count: "SELECT count(*) FROM (SELECT DISTINCT user_id, key_index FROM storage_versions
        WHERE get_byte(key_index, 0) <> $1) keys",
    page: "SELECT id, user_id, 'key', key_index, key_name FROM (
            SELECT DISTINCT ON (user_id, key_index) left(encode(sha256(uuid_send(user_id) || key_index), 'hex'), 32)::uuid AS id,
                user_id, key_index, key_name
            FROM storage_versions WHERE get_byte(key_index, 0) <> $1 ORDER BY user_id, key_index, version) keys
        WHERE $2::uuid IS NULL OR id > $2 ORDER BY id LIMIT $3",
    replace: "",
};

/// What else the keys may stand under: nothing but while there are two.
pub(super) fn others(indexes: &[BlindIndex]) -> Vec<&[u8]> {
    indexes.iter().filter_map(BlindIndex::other).collect()
}

/// Nothing where a key stands under another index than the change is for.
pub(super) fn here<T>(changed: Result<T, DbError>) -> Result<Option<T>, DbError> {
    match changed {
        Err(DbError::Statement { sqlstate }) if sqlstate == ELSEWHERE => Ok(None),
        other => other.map(Some),
    }
}

/// Those of the indexes that something of the user's stands under.
pub(crate) async fn used(on: &impl Statements, owner: Uuid, indexes: &[&[u8]]) -> Result<Vec<Vec<u8>>, DbError> {
    let sql = "SELECT key_index FROM encrypted_storage WHERE user_id = $1 AND key_index = ANY ($2)
        UNION SELECT key_index FROM storage_versions WHERE user_id = $1 AND key_index = ANY ($2)";
    Ok(on.query(sql, &[&owner, &indexes]).await?.iter().map(|row| row.get(0)).collect())
}

/// One version of what stands under an index, the newest last.
pub(crate) async fn next(on: &impl Statements, owner: Uuid, index: &[u8]) -> Result<Option<(i64, Vec<u8>)>, DbError> {
    let sql = "(SELECT version, encrypted_data FROM storage_versions WHERE user_id = $1 AND key_index = $2
            ORDER BY version LIMIT 1)
        UNION ALL
        SELECT version, encrypted_data FROM encrypted_storage WHERE user_id = $1 AND key_index = $2
        LIMIT 1";
    Ok(on.query(sql, &[&owner, &index]).await?.first().map(|row| (row.get(0), row.get(1))))
}

/// A version, sealed for another index of its key.
pub(crate) struct Moved<'a> {
    pub(crate) owner: Uuid,
    pub(crate) from: &'a [u8],
    pub(crate) to: &'a [u8],
    pub(crate) version: i64,
    pub(crate) name: Vec<u8>,
    pub(crate) data: Vec<u8>,
}

/// Puts a version in its place under the other index; nothing where it stands under the first one no more.
pub(crate) async fn put(on: &impl Statements, moved: &Moved<'_>) -> Result<(), DbError> {
    let Moved { owner, from, to, version, name, data } = moved;
    let sql = "SELECT move_version($1, $2, $3, $4, $5, $6)";
    on.query(sql, &[owner, from, to, version, name, data]).await.map(drop)
}
