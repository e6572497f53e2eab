//! The table `oauth_connections`, of which a user has at most one row with GitHub. The tokens change only where they
//! are still those the caller has seen: of two who change them, one does.

use jiff::Timestamp;
use shared::data::{DbError, Statements};
use shared::vault::BlindIndex;
use tokio_postgres::Row;
use uuid::Uuid;

/// The constraint that keeps one GitHub account from several users.
pub(crate) const SUBJECT_TAKEN: &str = "oauth_connections_provider_subject_index_key";
/// The constraint that keeps one user from several GitHub accounts.
pub(crate) const USER_CONNECTED: &str = "oauth_connections_user_id_provider_key";

/// A connection with GitHub.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) id: Uuid,
    /// Sealed.
    pub(crate) profile: Vec<u8>,
    pub(crate) tokens: Tokens,
    pub(crate) connected_at: Timestamp,
    pub(crate) last_used_at: Option<Timestamp>,
    /// When GitHub refused the tokens.
    pub(crate) broken_at: Option<Timestamp>,
    /// Until when a request is refreshing the tokens.
    pub(crate) refreshing_until: Option<Timestamp>,
}

/// What GitHub has granted, the tokens sealed.
#[derive(Clone)]
pub(crate) struct Tokens {
    pub(crate) access: Vec<u8>,
    pub(crate) refresh: Option<Vec<u8>>,
    pub(crate) scopes: Vec<String>,
    pub(crate) access_expires_at: Option<Timestamp>,
    pub(crate) refresh_expires_at: Option<Timestamp>,
}

/// A connection about to be stored.
pub(crate) struct New<'a> {
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) subject: &'a BlindIndex,
    pub(crate) profile: &'a [u8],
    pub(crate) tokens: &'a Tokens,
    pub(crate) now: Timestamp,
}

pub(crate) async fn insert(on: &impl Statements, new: &New<'_>) -> Result<(), DbError> {
    let tokens = new.tokens;
    on.query(
        "INSERT INTO oauth_connections (id, user_id, provider, subject_index, profile, access_token, refresh_token,
             scopes, access_expires_at, refresh_expires_at, connected_at)
         VALUES ($1, $2, 'github', $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            &new.id,
            &new.user_id,
            &new.subject.as_bytes(),
            &new.profile,
            &tokens.access,
            &tokens.refresh,
            &tokens.scopes,
            &tokens.access_expires_at,
            &tokens.refresh_expires_at,
            &new.now,
        ],
    )
    .await
    .map(drop)
}

/// The user's connection.
pub(crate) async fn find(on: &impl Statements, user_id: Uuid) -> Result<Option<Connection>, DbError> {
    let rows = on
        .query(
            "SELECT id, profile, access_token, refresh_token, scopes, access_expires_at, refresh_expires_at,
                 connected_at, last_used_at, broken_at, refreshing_until
             FROM oauth_connections WHERE user_id = $1 AND provider = 'github'",
            &[&user_id],
        )
        .await?;
    Ok(rows.first().map(connection))
}

/// The user's connection of one GitHub account, and the id it stands under.
pub(crate) async fn find_subject(
    on: &impl Statements,
    user_id: Uuid,
    subject: &BlindIndex,
) -> Result<Option<Uuid>, DbError> {
    let rows = on
        .query(
            "SELECT id FROM oauth_connections WHERE user_id = $1 AND provider = 'github' AND subject_index = ANY ($2)",
            &[&user_id, &subject.candidates()],
        )
        .await?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// Notes a use, and gives the connection.
pub(crate) async fn used(on: &impl Statements, user_id: Uuid, now: Timestamp) -> Result<Option<Connection>, DbError> {
    let rows = on
        .query(
            "UPDATE oauth_connections SET last_used_at = greatest(last_used_at, $2)
             WHERE user_id = $1 AND provider = 'github'
             RETURNING id, profile, access_token, refresh_token, scopes, access_expires_at, refresh_expires_at,
                 connected_at, last_used_at, broken_at, refreshing_until",
            &[&user_id, &now],
        )
        .await?;
    Ok(rows.first().map(connection))
}

/// Stores a new grant of the same GitHub account.
pub(crate) async fn renew(on: &impl Statements, id: Uuid, profile: &[u8], tokens: &Tokens) -> Result<(), DbError> {
    on.query(
        "UPDATE oauth_connections SET profile = $2, access_token = $3, refresh_token = $4, scopes = $5,
             access_expires_at = $6, refresh_expires_at = $7, refreshing_until = NULL, broken_at = NULL
         WHERE id = $1",
        &[
            &id,
            &profile,
            &tokens.access,
            &tokens.refresh,
            &tokens.scopes,
            &tokens.access_expires_at,
            &tokens.refresh_expires_at,
        ],
    )
    .await
    .map(drop)
}

/// Asks to be the one who refreshes the tokens the caller has seen; whether the caller is.
pub(crate) async fn begin_refresh(
    on: &impl Statements,
    id: Uuid,
    seen: &Tokens,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, DbError> {
    let rows = on
        .query(
            "UPDATE oauth_connections SET refreshing_until = $4
             WHERE id = $1 AND access_token = $2 AND broken_at IS NULL
                 AND (refreshing_until IS NULL OR refreshing_until <= $3)
             RETURNING id",
            &[&id, &seen.access, &now, &until],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Lets another try: GitHub could not be asked.
pub(crate) async fn give_up_refresh(on: &impl Statements, id: Uuid, seen: &Tokens) -> Result<(), DbError> {
    on.query(
        "UPDATE oauth_connections SET refreshing_until = NULL WHERE id = $1 AND access_token = $2",
        &[&id, &seen.access],
    )
    .await
    .map(drop)
}

/// Stores refreshed tokens in place of those the caller has seen.
pub(crate) async fn end_refresh(on: &impl Statements, id: Uuid, seen: &Tokens, tokens: &Tokens) -> Result<(), DbError> {
    on.query(
        "UPDATE oauth_connections SET access_token = $3, refresh_token = $4, scopes = $5, access_expires_at = $6,
             refresh_expires_at = $7, refreshing_until = NULL
         WHERE id = $1 AND access_token = $2",
        &[
            &id,
            &seen.access,
            &tokens.access,
            &tokens.refresh,
            &tokens.scopes,
            &tokens.access_expires_at,
            &tokens.refresh_expires_at,
        ],
    )
    .await
    .map(drop)
}

/// Marks the connection whose tokens the caller has seen as one that GitHub refuses.
pub(crate) async fn break_off(on: &impl Statements, id: Uuid, seen: &Tokens, now: Timestamp) -> Result<(), DbError> {
    on.query(
        "UPDATE oauth_connections SET broken_at = $3, refreshing_until = NULL WHERE id = $1 AND access_token = $2",
        &[&id, &seen.access, &now],
    )
    .await
    .map(drop)
}

/// Forgets a connection; whether there was one.
pub(crate) async fn delete(on: &impl Statements, id: Uuid) -> Result<bool, DbError> {
    let rows = on.query("DELETE FROM oauth_connections WHERE id = $1 RETURNING id", &[&id]).await?;
    Ok(!rows.is_empty())
}

fn connection(row: &Row) -> Connection {
    Connection {
        id: row.get(0),
        profile: row.get(1),
        tokens: Tokens {
            access: row.get(2),
            refresh: row.get(3),
            scopes: row.get(4),
            access_expires_at: row.get(5),
            refresh_expires_at: row.get(6),
        },
        connected_at: row.get(7),
        last_used_at: row.get(8),
        broken_at: row.get(9),
        refreshing_until: row.get(10),
    }
}
