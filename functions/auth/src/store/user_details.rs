//! What an administrator sees of one user, over the tables it is spread on: whether and how many, never what.

use jiff::Timestamp;
use shared::data::{DbError, Statements};
use uuid::Uuid;

use super::users::Listed;

/// A user in detail.
pub(crate) struct Details {
    pub(crate) user: Listed,
    /// Kinds of the user's addresses, and whether each is proved.
    pub(crate) contacts: Vec<(String, bool)>,
    /// Live sessions.
    pub(crate) sessions: i64,
    pub(crate) has_password: bool,
    pub(crate) has_github: bool,
    pub(crate) passkeys: i64,
    /// Confirmed second factors, by the names of `two_factor_auth.method`.
    pub(crate) factors: Vec<String>,
    pub(crate) backup_codes: i64,
    /// API keys that can be used.
    pub(crate) api_keys: i64,
}

/// The transaction's user in detail.
pub(crate) async fn find(
    on: &impl Statements,
    id: Uuid,
    now: Timestamp,
    idle_seconds: i64,
) -> Result<Option<Details>, DbError> {
    let rows = on
        .query(
            "SELECT id, role, status, profile, created_at, updated_at,
                 ARRAY(SELECT kind FROM user_contacts WHERE user_id = $1 ORDER BY id),
                 ARRAY(SELECT verified_at IS NOT NULL FROM user_contacts WHERE user_id = $1 ORDER BY id),
                 (SELECT count(*) FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2
                     AND last_seen_at > $2 - make_interval(secs => coalesce(idle_seconds, $3::bigint))),
                 EXISTS (SELECT FROM passwords WHERE user_id = $1),
                 EXISTS (SELECT FROM oauth_connections WHERE user_id = $1),
                 (SELECT count(*) FROM passkey_credentials WHERE user_id = $1),
                 ARRAY(SELECT method FROM two_factor_auth WHERE user_id = $1 AND confirmed_at IS NOT NULL),
                 (SELECT count(*) FROM backup_codes WHERE user_id = $1 AND used_at IS NULL),
                 (SELECT count(*) FROM api_keys WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2)
             FROM users WHERE id = $1",
            &[&id, &now, &idle_seconds],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (kinds, proved): (Vec<String>, Vec<bool>) = (row.get(6), row.get(7));
    Ok(Some(Details {
        user: Listed::from_row(row)?,
        contacts: kinds.into_iter().zip(proved).collect(),
        sessions: row.get(8),
        has_password: row.get(9),
        has_github: row.get(10),
        passkeys: row.get(11),
        factors: row.get(12),
        backup_codes: row.get(13),
        api_keys: row.get(14),
    }))
}
