//! The table `user_devices`.

use jiff::Timestamp;
use shared::data::{DbError, Statements, Transaction};
use shared::identity::TokenHash;
use tokio_postgres::Row;
use uuid::Uuid;

/// A device of the transaction's user.
pub(crate) struct Device {
    pub(crate) id: Uuid,
    /// Sealed.
    pub(crate) name: Vec<u8>,
    pub(crate) trusted_until: Option<Timestamp>,
    /// Whether the user has signed in on it since what protects the account last changed.
    pub(crate) is_known: bool,
    pub(crate) first_seen_at: Timestamp,
    pub(crate) last_seen_at: Timestamp,
}

/// The device of that secret.
pub(crate) async fn find(on: &impl Statements, secret: &TokenHash) -> Result<Option<Device>, DbError> {
    let rows = on
        .query(
            "SELECT id, name, trusted_until, known, first_seen_at, last_seen_at FROM user_devices WHERE secret_hash = $1",
            &[&secret.as_bytes()],
        )
        .await?;
    Ok(rows.first().map(device))
}

/// The user's devices, the last seen first.
pub(crate) async fn list(on: &impl Statements) -> Result<Vec<Device>, DbError> {
    let rows = on
        .query(
            "SELECT id, name, trusted_until, known, first_seen_at, last_seen_at FROM user_devices
             ORDER BY last_seen_at DESC, id DESC",
            &[],
        )
        .await?;
    Ok(rows.iter().map(device).collect())
}

/// Stores a device seen for the first time; gives its id, which is another's where that one was quicker.
pub(crate) async fn insert(
    on: &impl Statements,
    id: Uuid,
    user_id: Uuid,
    secret: &TokenHash,
    name: &[u8],
    now: Timestamp,
) -> Result<Uuid, DbError> {
    let rows = on
        .query(
            "INSERT INTO user_devices (id, user_id, secret_hash, name, first_seen_at, last_seen_at)
             VALUES ($1, $2, $3, $4, $5, $5)
             ON CONFLICT (user_id, secret_hash) DO UPDATE SET last_seen_at = excluded.last_seen_at, known = true
             RETURNING id",
            &[&id, &user_id, &secret.as_bytes(), &name, &now],
        )
        .await?;
    rows.first().map(|row| row.get(0)).ok_or(DbError::Column("user_devices.id"))
}

/// Notes that a device was seen; whether it is still there.
pub(crate) async fn seen(on: &impl Statements, id: Uuid, now: Timestamp) -> Result<bool, DbError> {
    let rows = on
        .query("UPDATE user_devices SET last_seen_at = $2, known = true WHERE id = $1 RETURNING id", &[&id, &now])
        .await?;
    Ok(!rows.is_empty())
}

/// Changes a device's name; whether there is such a device.
pub(crate) async fn rename(on: &impl Statements, id: Uuid, name: &[u8]) -> Result<bool, DbError> {
    let rows = on.query("UPDATE user_devices SET name = $2 WHERE id = $1 RETURNING id", &[&id, &name]).await?;
    Ok(!rows.is_empty())
}

/// Locks a device until the transaction ends: no session begins on it meanwhile. Whether there is such a device.
pub(crate) async fn lock(on: &Transaction<'_>, id: Uuid) -> Result<bool, DbError> {
    let rows = on.query("SELECT id FROM user_devices WHERE id = $1 FOR UPDATE", &[&id]).await?;
    Ok(!rows.is_empty())
}

/// Forgets a device.
pub(crate) async fn delete(on: &impl Statements, id: Uuid) -> Result<(), DbError> {
    on.query("DELETE FROM user_devices WHERE id = $1", &[&id]).await.map(drop)
}

/// Trusts a device until a time, by another secret than before.
pub(crate) async fn trust(on: &impl Statements, id: Uuid, until: Timestamp, secret: &TokenHash) -> Result<(), DbError> {
    on.query(
        "UPDATE user_devices SET trusted_until = $2, secret_hash = $3 WHERE id = $1",
        &[&id, &until, &secret.as_bytes()],
    )
    .await
    .map(drop)
}

/// Trusts none of a user's devices any more, and knows none but `but` until it is signed in on again.
pub(crate) async fn distrust(on: &impl Statements, user_id: Uuid, but: Option<Uuid>) -> Result<(), DbError> {
    on.query(
        "UPDATE user_devices SET trusted_until = NULL, known = known AND id IS NOT DISTINCT FROM $2
         WHERE user_id = $1 AND (trusted_until IS NOT NULL OR known)",
        &[&user_id, &but],
    )
    .await
    .map(drop)
}

/// Forgets all but the `most` devices that are worth the most: the trusted ones, then those seen last.
pub(crate) async fn forget_beyond(on: &impl Statements, most: i64) -> Result<(), DbError> {
    on.query(
        "DELETE FROM user_devices WHERE id IN (
             SELECT id FROM user_devices
             ORDER BY trusted_until IS NOT NULL DESC, last_seen_at DESC, id DESC OFFSET $1 FOR UPDATE SKIP LOCKED)",
        &[&most],
    )
    .await
    .map(drop)
}

/// How many devices the user has signed in on, and how many of them for the first time since `since`.
pub(crate) async fn how_many(on: &impl Statements, since: Timestamp) -> Result<(i64, i64), DbError> {
    let counts = "SELECT count(*), count(*) FILTER (WHERE first_seen_at > $1) FROM user_devices";
    let rows = on.query(counts, &[&since]).await?;
    Ok(rows.first().map_or((0, 0), |row| (row.get(0), row.get(1))))
}

fn device(row: &Row) -> Device {
    Device {
        id: row.get(0),
        name: row.get(1),
        trusted_until: row.get(2),
        is_known: row.get(3),
        first_seen_at: row.get(4),
        last_seen_at: row.get(5),
    }
}
