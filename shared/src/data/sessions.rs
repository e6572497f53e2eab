//! The table `sessions`: the truth about who is signed in.

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{DbError, Statements};
use crate::identity::{Assurance, Role, Session, TokenHash};

/// Stores a session that begins now.
pub async fn insert(on: &impl Statements, session: &Session, token: &TokenHash) -> Result<(), DbError> {
    on.query(
        "INSERT INTO sessions (id, user_id, token_hash, assurance, authenticated_at, created_at, last_seen_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            &session.id,
            &session.user_id,
            &token.as_bytes(),
            &session.assurance.level(),
            &session.authenticated_at,
            &session.created_at,
            &session.last_seen_at,
            &session.expires_at,
        ],
    )
    .await
    .map(drop)
}

/// Marks a live session as seen and gives it; `None` where it is unknown, revoked, idle or over.
pub async fn resume(
    on: &impl Statements,
    token: &TokenHash,
    now: Timestamp,
    idle_seconds: i64,
) -> Result<Option<Session>, DbError> {
    let rows = on
        .query(
            "SELECT id, user_id, role, assurance, authenticated_at, created_at, last_seen_at, expires_at
             FROM resume_session($1, $2, $3)",
            &[&token.as_bytes(), &now, &idle_seconds],
        )
        .await?;
    rows.first().map(session).transpose()
}

/// Ends a session of the transaction's user.
pub async fn revoke(on: &impl Statements, id: Uuid, now: Timestamp) -> Result<(), DbError> {
    on.query("UPDATE sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL", &[&id, &now]).await.map(drop)
}

fn session(row: &Row) -> Result<Session, DbError> {
    Ok(Session {
        id: row.get(0),
        user_id: row.get(1),
        role: Role::parse(row.get(2)).ok_or(DbError::Column("role"))?,
        assurance: Assurance::from_level(row.get(3)).ok_or(DbError::Column("assurance"))?,
        authenticated_at: row.get(4),
        created_at: row.get(5),
        last_seen_at: row.get(6),
        expires_at: row.get(7),
    })
}
