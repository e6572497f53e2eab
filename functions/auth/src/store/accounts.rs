//! What sign-in has to know of a user, over the tables it is spread on.

use jiff::Timestamp;
use shared::data::{DbError, Statements, Transaction};
use shared::identity::Role;
use shared::vault::BlindIndex;
use uuid::Uuid;

pub(crate) use crate::model::UserStatus as Status;

/// A user as sign-in sees it.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) role: Role,
    pub(crate) status: Status,
    /// Sealed.
    pub(crate) profile: Vec<u8>,
    pub(crate) has_password: bool,
    pub(crate) has_github: bool,
    pub(crate) passkeys: i64,
    /// Confirmed second factors, by the names of `two_factor_auth.method`.
    pub(crate) factors: Vec<String>,
    pub(crate) backup_codes: i64,
}

impl Account {
    /// A user who has just been made.
    pub(crate) fn new(role: Role, status: Status, profile: Vec<u8>) -> Self {
        Self {
            role,
            status,
            profile,
            has_password: false,
            has_github: false,
            passkeys: 0,
            factors: Vec::new(),
            backup_codes: 0,
        }
    }

    /// Whether the account has a factor that reaches assurance level 2. A code by email is none (NIST SP 800-63B-4,
    /// section 3.1.3.1).
    pub(crate) fn reaches_aal2(&self) -> bool {
        self.passkeys > 0 || self.factors.iter().any(|factor| factor != "email")
    }

    /// How many ways there are to sign in.
    pub(crate) fn ways_to_sign_in(&self) -> i64 {
        self.passkeys + i64::from(self.has_password) + i64::from(self.has_github)
    }
}

/// Whose username, verified address or GitHub account an index is. `kind` is `username`, `email`, `phone` or
/// `github`. Runs past row-level security, and answers an id at most.
pub(crate) async fn find_id(on: &impl Statements, kind: &str, index: &BlindIndex) -> Result<Option<Uuid>, DbError> {
    let rows = on.query("SELECT account_of($1, $2)", &[&kind, &index.candidates()]).await?;
    Ok(rows.first().and_then(|row| row.get(0)))
}

/// The account of the transaction's user.
pub(crate) async fn load(on: &impl Statements, user_id: Uuid) -> Result<Option<Account>, DbError> {
    let rows = on
        .query(
            "SELECT role, status, profile,
                 EXISTS (SELECT FROM passwords WHERE user_id = $1),
                 EXISTS (SELECT FROM oauth_connections WHERE user_id = $1),
                 (SELECT count(*) FROM passkey_credentials WHERE user_id = $1),
                 ARRAY(SELECT method FROM two_factor_auth WHERE user_id = $1 AND confirmed_at IS NOT NULL
                     ORDER BY array_position(ARRAY['totp', 'sms', 'email'], method)),
                 (SELECT count(*) FROM backup_codes WHERE user_id = $1 AND used_at IS NULL)
             FROM users WHERE id = $1",
            &[&user_id],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Account {
        role: Role::parse(row.get(0)).ok_or(DbError::Column("role"))?,
        status: Status::parse(row.get(1)).ok_or(DbError::Column("status"))?,
        profile: row.get(2),
        has_password: row.get(3),
        has_github: row.get(4),
        passkeys: row.get(5),
        factors: row.get(6),
        backup_codes: row.get(7),
    }))
}

/// Locks the account until the transaction ends, so that nothing of what protects it changes meanwhile.
pub(crate) async fn lock(on: &Transaction<'_>, user_id: Uuid) -> Result<(), DbError> {
    on.query("SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE", &[&user_id]).await.map(drop)
}

/// The indexes the account is found by: its username's and its proved addresses'.
pub(crate) async fn identifiers(on: &impl Statements, user_id: Uuid) -> Result<Vec<Vec<u8>>, DbError> {
    let rows = on
        .query(
            "SELECT username_index FROM users WHERE id = $1
             UNION ALL
             SELECT address_index FROM user_contacts WHERE user_id = $1 AND verified_at IS NOT NULL",
            &[&user_id],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The security version of an account; nothing where there is none.
pub(crate) async fn security_version(on: &impl Statements, user_id: Uuid) -> Result<Option<i64>, DbError> {
    let rows = on.query("SELECT security_version FROM users WHERE id = $1", &[&user_id]).await?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// Whether the account's security version is still the one that was read, which it then stays until the transaction
/// ends. It comes before other locks of the account's rows, as [`raise_security_version`] does.
pub(crate) async fn stays(on: &Transaction<'_>, user_id: Uuid, version: i64) -> Result<bool, DbError> {
    let rows = on
        .query("SELECT id FROM users WHERE id = $1 AND security_version = $2 FOR SHARE", &[&user_id, &version])
        .await?;
    Ok(!rows.is_empty())
}

/// Makes what the cache holds of the user's sessions old; gives the version to tell the cache. In a transaction it also
/// locks the account until the end, and so comes before changes to the rows that hang on it.
pub(crate) async fn raise_security_version(
    on: &impl Statements,
    user_id: Uuid,
    now: Timestamp,
) -> Result<i64, DbError> {
    let rows = on
        .query(
            "UPDATE users SET security_version = security_version + 1, updated_at = $2 WHERE id = $1
             RETURNING security_version",
            &[&user_id, &now],
        )
        .await?;
    rows.first().map(|row| row.get(0)).ok_or(DbError::Column("security_version"))
}

/// Lets a user sign in, or no more.
pub(crate) async fn set_status(
    on: &impl Statements,
    user_id: Uuid,
    status: Status,
    now: Timestamp,
) -> Result<(), DbError> {
    on.query("UPDATE users SET status = $2, updated_at = $3 WHERE id = $1", &[&user_id, &status.name(), &now])
        .await
        .map(drop)
}
