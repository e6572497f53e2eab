//! The table `sessions`: the truth about who is signed in. API keys in use are answered as sessions.

use std::borrow::Cow;

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{DbError, Statements};
use crate::identity::{Assurance, Role, Scope, Session, SessionKind, TokenHash};

/// Stores a session that begins now.
pub async fn insert(on: &impl Statements, session: &Session, token: &TokenHash) -> Result<(), DbError> {
    let methods: Vec<&str> = session.methods.iter().map(AsRef::as_ref).collect();
    on.query(
        "INSERT INTO sessions (id, user_id, token_hash, assurance, authenticated_at, created_at, last_seen_at,
             expires_at, kind, methods, device_id, idle_seconds)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        &[
            &session.id,
            &session.user_id,
            &token.as_bytes(),
            &session.assurance.level(),
            &session.authenticated_at,
            &session.created_at,
            &session.last_seen_at,
            &session.expires_at,
            &session.kind.name(),
            &methods,
            &session.device_id,
            &session.idle_seconds,
        ],
    )
    .await
    .map(drop)
}

/// Marks a live session as seen and gives it; `None` where it is unknown, revoked, idle or over, or where its user
/// may not sign in.
pub async fn resume(
    on: &impl Statements,
    token: &TokenHash,
    now: Timestamp,
    idle_seconds: i64,
) -> Result<Option<Session>, DbError> {
    let rows = on
        .query(
            "SELECT id, user_id, role, assurance, authenticated_at, created_at, last_seen_at, expires_at, kind,
                 methods, device_id, idle_seconds, security_version
             FROM find_session($1, $2, $3)",
            &[&token.as_bytes(), &now, &idle_seconds],
        )
        .await?;
    rows.first().map(session).transpose()
}

/// Marks an API key as used and gives what it stands for; `None` where it is unknown, revoked or over, or where its
/// user may not sign in.
pub async fn resume_api_key(
    on: &impl Statements,
    token: &TokenHash,
    now: Timestamp,
) -> Result<Option<Session>, DbError> {
    let rows = on
        .query(
            "SELECT id, user_id, role, scopes, created_at, expires_at, security_version FROM find_api_key($1, $2)",
            &[&token.as_bytes(), &now],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let scopes: Vec<&str> = row.get(3);
    let created_at = row.get(4);
    Ok(Some(Session {
        id: row.get(0),
        user_id: row.get(1),
        role: role(row, 2)?,
        kind: SessionKind::ApiKey,
        // A key in a file proves nobody's presence.
        assurance: Assurance::Aal1,
        methods: Vec::new(),
        authenticated_at: created_at,
        created_at,
        last_seen_at: now,
        expires_at: row.get(5),
        idle_seconds: None,
        device_id: None,
        scopes: Some(scopes.iter().filter_map(|name| Scope::parse(name)).collect()),
        security_version: row.get(6),
    }))
}

/// Ends a session of the transaction's user.
pub async fn revoke(on: &impl Statements, id: Uuid, now: Timestamp) -> Result<(), DbError> {
    on.query("UPDATE sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL", &[&id, &now]).await.map(drop)
}

fn session(row: &Row) -> Result<Session, DbError> {
    let methods: Vec<String> = row.get(9);
    Ok(Session {
        id: row.get(0),
        user_id: row.get(1),
        role: role(row, 2)?,
        assurance: Assurance::from_level(row.get(3)).ok_or(DbError::Column("assurance"))?,
        authenticated_at: row.get(4),
        created_at: row.get(5),
        last_seen_at: row.get(6),
        expires_at: row.get(7),
        kind: match row.get(8) {
            "bearer" => SessionKind::Bearer,
            _ => SessionKind::Cookie,
        },
        methods: methods.into_iter().map(Cow::Owned).collect(),
        device_id: row.get(10),
        idle_seconds: row.get(11),
        scopes: None,
        security_version: row.get(12),
    })
}

fn role(row: &Row, column: usize) -> Result<Role, DbError> {
    Role::parse(row.get(column)).ok_or(DbError::Column("role"))
}
