use jiff::Timestamp;
use shared::data::{DbError, Statements};
use uuid::Uuid;
use webauthn_rs::prelude::Passkey;

/// The constraint that keeps credentials apart.
pub(crate) const PASSKEY_KNOWN: &str = "passkey_credentials_credential_id_key";

pub(crate) async fn insert(
    on: &impl Statements,
    id: Uuid,
    user_id: Uuid,
    passkey: &Passkey,
    now: Timestamp,
) -> Result<(), DbError> {
    let public_key = serde_json::to_value(passkey).map_err(|_| DbError::Column("public_key"))?;
    on.query(
        "INSERT INTO passkey_credentials (id, user_id, credential_id, public_key, sign_count, created_at)
         VALUES ($1, $2, $3, $4, 0, $5)",
        &[&id, &user_id, &passkey.cred_id().as_slice(), &public_key, &now],
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

/// Notes a use. The counter never falls.
pub(crate) async fn used(
    on: &impl Statements,
    id: Uuid,
    passkey: &Passkey,
    sign_count: u32,
    now: Timestamp,
) -> Result<(), DbError> {
    let public_key = serde_json::to_value(passkey).map_err(|_| DbError::Column("public_key"))?;
    on.query(
        "UPDATE passkey_credentials
         SET public_key = $2, sign_count = greatest(sign_count, $3), last_used_at = $4 WHERE id = $1",
        &[&id, &public_key, &i64::from(sign_count), &now],
    )
    .await
    .map(drop)
}
