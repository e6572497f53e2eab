//! The table `user_contacts`: email addresses and phone numbers, sealed.

use jiff::Timestamp;
use shared::data::{DbError, Statements};
use shared::vault::BlindIndex;
use uuid::Uuid;

/// The constraint that keeps proved addresses apart.
pub(crate) const ADDRESS_TAKEN: &str = "user_contacts_verified";

/// An address of the transaction's user.
pub(crate) struct Row {
    pub(crate) id: Uuid,
    /// `email` or `phone`.
    pub(crate) kind: String,
    /// Sealed.
    pub(crate) address: Vec<u8>,
    pub(crate) verified_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
}

/// Stores an address, or finds the one that is there; gives its id.
pub(crate) async fn insert(
    on: &impl Statements,
    row: &Row,
    user_id: Uuid,
    index: &BlindIndex,
) -> Result<Uuid, DbError> {
    let rows = on
        .query(
            "INSERT INTO user_contacts AS contact (id, user_id, kind, address, address_index, verified_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (user_id, kind, address_index)
             DO UPDATE SET verified_at = coalesce(contact.verified_at, excluded.verified_at)
             RETURNING id",
            &[&row.id, &user_id, &row.kind, &row.address, &index.as_bytes(), &row.verified_at, &row.created_at],
        )
        .await?;
    rows.first().map(|row| row.get(0)).ok_or(DbError::Column("user_contacts.id"))
}

/// Stores an address that its owner has proved; whether it was still free.
pub(crate) async fn insert_verified(
    on: &impl Statements,
    id: Uuid,
    user_id: Uuid,
    kind: &str,
    address: &[u8],
    index: &BlindIndex,
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = on
        .query(
            "INSERT INTO user_contacts (id, user_id, kind, address, address_index, verified_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT DO NOTHING RETURNING id",
            &[&id, &user_id, &kind, &address, &index.as_bytes(), &now],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// The user's addresses, the oldest first.
pub(crate) async fn list(on: &impl Statements, user_id: Uuid) -> Result<Vec<Row>, DbError> {
    let rows = on
        .query(
            "SELECT id, kind, address, verified_at, created_at FROM user_contacts WHERE user_id = $1 ORDER BY id",
            &[&user_id],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| Row {
            id: row.get(0),
            kind: row.get(1),
            address: row.get(2),
            verified_at: row.get(3),
            created_at: row.get(4),
        })
        .collect())
}

/// How many addresses the user has.
pub(crate) async fn how_many(on: &impl Statements, user_id: Uuid) -> Result<i64, DbError> {
    let rows = on.query("SELECT count(*) FROM user_contacts WHERE user_id = $1", &[&user_id]).await?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

/// Marks an address as proved; whether there is one.
pub(crate) async fn verify(on: &impl Statements, id: Uuid, now: Timestamp) -> Result<bool, DbError> {
    let rows = on
        .query(
            "UPDATE user_contacts SET verified_at = coalesce(verified_at, $2) WHERE id = $1 RETURNING id",
            &[&id, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Forgets an address, and with it the second factor that used it; whether there was one.
pub(crate) async fn delete(on: &impl Statements, id: Uuid) -> Result<bool, DbError> {
    let rows = on.query("DELETE FROM user_contacts WHERE id = $1 RETURNING id", &[&id]).await?;
    Ok(!rows.is_empty())
}
