//! The table `account_recovery`: links that lead into an account, for whoever has lost or never had a way.

use jiff::Timestamp;
use shared::data::{DbError, Statements};
use shared::identity::{RequestMeta, TokenHash};
use uuid::Uuid;

/// A link. `user_id` is nil where it leads nowhere.
pub(crate) struct Row<'a> {
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) secret: &'a TokenHash,
    /// The address it was sent to, which its use proves.
    pub(crate) contact_id: Option<Uuid>,
    /// Whether the operator or an administrator made it, who know whom it is for.
    pub(crate) vouched: bool,
    pub(crate) requested_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) request: RequestMeta,
}

/// Stores a link.
pub(crate) async fn insert(on: &impl Statements, row: &Row<'_>) -> Result<(), DbError> {
    on.query(
        "INSERT INTO account_recovery (id, user_id, secret_hash, contact_id, vouched, requested_at, expires_at, address)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            &row.id,
            &row.user_id,
            &row.secret.as_bytes(),
            &row.contact_id,
            &row.vouched,
            &row.requested_at,
            &row.expires_at,
            &row.request.address.map(|address| address.to_string()),
        ],
    )
    .await
    .map(drop)
}

/// Whose link a secret is, while it holds. Runs past row-level security, and answers an id at most.
pub(crate) async fn find_user(
    on: &impl Statements,
    secret: &TokenHash,
    now: Timestamp,
) -> Result<Option<Uuid>, DbError> {
    let rows = on.query("SELECT find_recovery($1, $2)", &[&secret.as_bytes(), &now]).await?;
    Ok(rows.first().and_then(|row| row.get(0)))
}

/// Whether somebody vouches for whom a link was made for; nothing where it is not there.
pub(crate) async fn is_vouched(on: &impl Statements, secret: &TokenHash) -> Result<Option<bool>, DbError> {
    let rows = on.query("SELECT vouched FROM account_recovery WHERE secret_hash = $1", &[&secret.as_bytes()]).await?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// Uses a link up, and with it every other of the user; gives the address it proves. Of two who try, one does.
pub(crate) async fn take(
    on: &impl Statements,
    user_id: Uuid,
    secret: &TokenHash,
    now: Timestamp,
) -> Result<Option<Option<Uuid>>, DbError> {
    let rows = on
        .query(
            "UPDATE account_recovery SET used_at = $3
             WHERE user_id = $1 AND secret_hash = $2 AND used_at IS NULL AND expires_at > $3 RETURNING contact_id",
            &[&user_id, &secret.as_bytes(), &now],
        )
        .await?;
    void(on, user_id, now).await?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// Ends the links of a user that nobody has used.
pub(crate) async fn void(on: &impl Statements, user_id: Uuid, now: Timestamp) -> Result<(), DbError> {
    on.query(
        "UPDATE account_recovery SET expires_at = $2 WHERE user_id = $1 AND used_at IS NULL AND expires_at > $2",
        &[&user_id, &now],
    )
    .await
    .map(drop)
}
