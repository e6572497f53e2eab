//! The table `passkey_credentials`.
//!
//! Counter and backup flags stand twice: in `public_key`, which webauthn reads, and in columns of their own, which are
//! written from it so that the two never differ.

use jiff::Timestamp;
use shared::data::{DbError, Statements};
use uuid::Uuid;
use webauthn_rs::prelude::Passkey;

/// The constraint that keeps credentials apart.
pub(crate) const PASSKEY_KNOWN: &str = "passkey_credentials_credential_id_key";

/// A passkey as its user sees it.
pub(crate) struct Listed {
    pub(crate) id: Uuid,
    pub(crate) credential_id: Vec<u8>,
    /// Sealed.
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) created_at: Timestamp,
    pub(crate) last_used_at: Option<Timestamp>,
    pub(crate) backup_eligible: bool,
    pub(crate) backup_state: bool,
}

/// The passkeys of the transaction's user, the oldest first.
pub(crate) async fn list(on: &impl Statements) -> Result<Vec<Listed>, DbError> {
    let rows = on
        .query(
            "SELECT id, credential_id, name, created_at, last_used_at, backup_eligible, backup_state
             FROM passkey_credentials ORDER BY created_at, id",
            &[],
        )
        .await?;
    let listed = rows.iter().map(|row| Listed {
        id: row.get(0),
        credential_id: row.get(1),
        name: row.get(2),
        created_at: row.get(3),
        last_used_at: row.get(4),
        backup_eligible: row.get(5),
        backup_state: row.get(6),
    });
    Ok(listed.collect())
}

/// The credential ids of the transaction's user's passkeys, the oldest first.
pub(crate) async fn ids(on: &impl Statements) -> Result<Vec<Vec<u8>>, DbError> {
    let rows = on.query("SELECT credential_id FROM passkey_credentials ORDER BY created_at, id", &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Stores a passkey; `name` is sealed.
pub(crate) async fn insert(
    on: &impl Statements,
    id: Uuid,
    user_id: Uuid,
    passkey: &Passkey,
    name: Option<&[u8]>,
    now: Timestamp,
) -> Result<(), DbError> {
    let public_key = serde_json::to_value(passkey).map_err(|_| DbError::Column("public_key"))?;
    on.query(
        "INSERT INTO passkey_credentials (id, user_id, credential_id, public_key, name, created_at, sign_count,
             backup_eligible, backup_state)
         VALUES ($1, $2, $3, $4::jsonb, $5, $6, ($4::jsonb #>> '{cred,counter}')::bigint,
             ($4::jsonb #>> '{cred,backup_eligible}')::boolean, ($4::jsonb #>> '{cred,backup_state}')::boolean)",
        &[&id, &user_id, &passkey.cred_id().as_slice(), &public_key, &name, &now],
    )
    .await
    .map(drop)
}

/// The transaction's user's passkey of that credential id.
pub(crate) async fn find(on: &impl Statements, credential: &[u8]) -> Result<Option<(Uuid, Passkey)>, DbError> {
    let rows =
        on.query("SELECT id, public_key FROM passkey_credentials WHERE credential_id = $1", &[&credential]).await?;
    rows.first()
        .map(|row| {
            let passkey = serde_json::from_value(row.get(1)).map_err(|_| DbError::Column("public_key"))?;
            Ok((row.get(0), passkey))
        })
        .transpose()
}

/// Notes a use; `false` where the passkey is gone, or another use has raised the counter past this one's meanwhile.
/// So the counter never falls. One that is 0 always counts nothing (WebAuthn Level 3, section 6.1.1).
pub(crate) async fn used(on: &impl Statements, id: Uuid, passkey: &Passkey, now: Timestamp) -> Result<bool, DbError> {
    let public_key = serde_json::to_value(passkey).map_err(|_| DbError::Column("public_key"))?;
    let rows = on
        .query(
            "UPDATE passkey_credentials
             SET public_key = $2::jsonb, last_used_at = $3, sign_count = ($2::jsonb #>> '{cred,counter}')::bigint,
                 backup_eligible = ($2::jsonb #>> '{cred,backup_eligible}')::boolean,
                 backup_state = ($2::jsonb #>> '{cred,backup_state}')::boolean
             WHERE id = $1 AND (sign_count < ($2::jsonb #>> '{cred,counter}')::bigint
                 OR (sign_count = 0 AND ($2::jsonb #>> '{cred,counter}')::bigint = 0))
             RETURNING id",
            &[&id, &public_key, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Changes a passkey's name; whether the transaction's user has such a passkey.
pub(crate) async fn rename(on: &impl Statements, id: Uuid, name: &[u8]) -> Result<bool, DbError> {
    let rows = on.query("UPDATE passkey_credentials SET name = $2 WHERE id = $1 RETURNING id", &[&id, &name]).await?;
    Ok(!rows.is_empty())
}

/// Deletes a passkey; whether the transaction's user had it.
pub(crate) async fn delete(on: &impl Statements, id: Uuid) -> Result<bool, DbError> {
    let rows = on.query("DELETE FROM passkey_credentials WHERE id = $1 RETURNING id", &[&id]).await?;
    Ok(!rows.is_empty())
}
