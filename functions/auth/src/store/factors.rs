//! The tables `two_factor_auth` and `backup_codes`.

use jiff::Timestamp;
use shared::data::{DbError, Statements};
use shared::vault::BlindIndex;
use uuid::Uuid;

/// A second factor of the transaction's user.
pub(crate) struct Factor {
    pub(crate) id: Uuid,
    /// `totp`, `email` or `sms`.
    pub(crate) method: String,
    /// The TOTP secret, sealed.
    pub(crate) secret: Option<Vec<u8>>,
    pub(crate) contact_id: Option<Uuid>,
    pub(crate) confirmed_at: Option<Timestamp>,
    pub(crate) last_used_at: Option<Timestamp>,
}

/// The user's factors, those that are not confirmed yet included.
pub(crate) async fn list(on: &impl Statements, user_id: Uuid) -> Result<Vec<Factor>, DbError> {
    let rows = on
        .query(
            "SELECT id, method, secret, contact_id, confirmed_at, last_used_at FROM two_factor_auth
             WHERE user_id = $1",
            &[&user_id],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| Factor {
            id: row.get(0),
            method: row.get(1),
            secret: row.get(2),
            contact_id: row.get(3),
            confirmed_at: row.get(4),
            last_used_at: row.get(5),
        })
        .collect())
}

/// Stores a factor, in place of one of that method that was never confirmed; whether it was stored: not where a
/// confirmed one is there.
pub(crate) async fn put(on: &impl Statements, user_id: Uuid, factor: &Factor, now: Timestamp) -> Result<bool, DbError> {
    let rows = on
        .query(
            "INSERT INTO two_factor_auth AS factor (id, user_id, method, secret, contact_id, created_at, confirmed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (user_id, method) DO UPDATE SET id = $1, secret = $4, contact_id = $5, created_at = $6,
                 confirmed_at = $7, last_step = 0 WHERE factor.confirmed_at IS NULL
             RETURNING id",
            &[&factor.id, &user_id, &factor.method, &factor.secret, &factor.contact_id, &now, &factor.confirmed_at],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Takes a TOTP code of a time step; whether it was the first of that step or later (RFC 6238, section 5.2).
pub(crate) async fn take_step(on: &impl Statements, id: Uuid, step: i64, now: Timestamp) -> Result<bool, DbError> {
    let rows = on
        .query(
            "UPDATE two_factor_auth SET last_step = $2, last_used_at = $3 WHERE id = $1 AND last_step < $2
             RETURNING id",
            &[&id, &step, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Notes that a factor was used.
pub(crate) async fn used(on: &impl Statements, id: Uuid, now: Timestamp) -> Result<(), DbError> {
    on.query("UPDATE two_factor_auth SET last_used_at = $2 WHERE id = $1", &[&id, &now]).await.map(drop)
}

/// Confirms a factor; whether it had not been.
pub(crate) async fn confirm(on: &impl Statements, id: Uuid, now: Timestamp) -> Result<bool, DbError> {
    let rows = on
        .query(
            "UPDATE two_factor_auth SET confirmed_at = $2 WHERE id = $1 AND confirmed_at IS NULL RETURNING id",
            &[&id, &now],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Removes a factor; whether there was one. With the last of them the backup codes go.
pub(crate) async fn remove(on: &impl Statements, user_id: Uuid, method: &str) -> Result<bool, DbError> {
    let rows = on
        .query("DELETE FROM two_factor_auth WHERE user_id = $1 AND method = $2 RETURNING id", &[&user_id, &method])
        .await?;
    forget_backup_codes_of_nothing(on, user_id).await?;
    Ok(!rows.is_empty())
}

/// The same of the factor whose codes go to an address.
pub(crate) async fn remove_of_contact(on: &impl Statements, user_id: Uuid, contact_id: Uuid) -> Result<bool, DbError> {
    let rows = on
        .query(
            "DELETE FROM two_factor_auth WHERE user_id = $1 AND contact_id = $2 RETURNING id",
            &[&user_id, &contact_id],
        )
        .await?;
    forget_backup_codes_of_nothing(on, user_id).await?;
    Ok(!rows.is_empty())
}

async fn forget_backup_codes_of_nothing(on: &impl Statements, user_id: Uuid) -> Result<(), DbError> {
    on.query(
        "DELETE FROM backup_codes WHERE user_id = $1 AND NOT EXISTS (
             SELECT FROM two_factor_auth WHERE user_id = $1 AND confirmed_at IS NOT NULL)",
        &[&user_id],
    )
    .await
    .map(drop)
}

/// Stores backup codes in place of all the user had.
pub(crate) async fn replace_backup_codes(
    on: &impl Statements,
    user_id: Uuid,
    macs: &[BlindIndex],
    now: Timestamp,
) -> Result<(), DbError> {
    let macs: Vec<&[u8]> = macs.iter().map(BlindIndex::as_bytes).collect();
    on.query("DELETE FROM backup_codes WHERE user_id = $1", &[&user_id]).await?;
    on.query(
        "INSERT INTO backup_codes (id, user_id, code_mac, created_at)
         SELECT gen_random_uuid(), $1, mac, $3 FROM unnest($2::bytea[]) AS mac",
        &[&user_id, &macs, &now],
    )
    .await
    .map(drop)
}

/// Uses a backup code up; of two who try, one does.
pub(crate) async fn take_backup_code(
    on: &impl Statements,
    user_id: Uuid,
    mac: &BlindIndex,
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = on
        .query(
            "UPDATE backup_codes SET used_at = $3 WHERE user_id = $1 AND code_mac = $2 AND used_at IS NULL
             RETURNING id",
            &[&user_id, &mac.as_bytes(), &now],
        )
        .await?;
    Ok(!rows.is_empty())
}
