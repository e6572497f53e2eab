//! Tokens that GitHub takes: refreshed where they end soon. A refresh token works once, so one request trades it, chosen
//! by a lease in the row; the others wait for what it gets. No connection is held meanwhile.

use std::time::Duration;

use jiff::SignedDuration;
use secrecy::SecretString;
use shared::http::Problem;
use shared::identity::Caller;
use shared::ledger::{AuditEntry, SecurityEvent, Severity};

use super::{client, connection, reconnect};
use crate::App;
use crate::github::{GitHubError, Grant, Refused};
use crate::store::oauth_connections::{self as connections, Connection};

/// How long before its end a token is refreshed.
const EARLY: SignedDuration = SignedDuration::from_mins(5);
/// Longer than a call to GitHub may take.
const LEASE: SignedDuration = SignedDuration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(100);
/// Together a little longer than a call to GitHub may take.
const MOST_PAUSES: usize = 80;

/// A token to call with.
pub(super) struct Usable {
    pub(super) access_token: SecretString,
    /// What it is from.
    pub(super) connection: Connection,
}

/// A token of the connection, refreshed where it ends within five minutes.
///
/// # Errors
/// 409 `github_reconnect`; 503 `github_unavailable`.
pub(super) async fn usable(app: &App, caller: &Caller, connection: Connection) -> Result<Usable, Problem> {
    let now = app.platform.now();
    if connection.broken_at.is_some() {
        return Err(reconnect());
    }
    match connection.tokens.access_expires_at {
        Some(end) if end <= now + EARLY => match refreshed(app, caller, &connection).await {
            // Until its end the old one will do.
            Err(problem) if end > now && problem.status().is_server_error() => open(app, caller, connection).await,
            result => result,
        },
        _ => open(app, caller, connection).await,
    }
}

/// A token in place of one that GitHub has refused.
///
/// # Errors
/// 409 `github_reconnect`; 503 `github_unavailable`.
pub(super) async fn after_refusal(app: &App, caller: &Caller, refused: &Usable) -> Result<Usable, Problem> {
    refreshed(app, caller, &refused.connection).await
}

/// Marks a connection whose newest token GitHub refuses.
pub(super) async fn break_off(app: &App, caller: &Caller, connection: &Connection) -> Result<(), Problem> {
    let platform = &app.platform;
    let entry = AuditEntry::by(caller, "github.break", "github", platform.now()).resource(connection.id);
    let mut on = platform.db.connection().await?;
    let transaction = on.begin(&entry).await?;
    connections::break_off(&transaction, connection.id, &connection.tokens, platform.now()).await?;
    SecurityEvent::new(caller.user_id(), "github_connection_ended", Severity::Low, caller.request)
        .details(serde_json::json!({"connection_id": connection.id}))
        .record(&transaction, &platform.clock)
        .await?;
    Ok(transaction.commit().await?)
}

async fn open(app: &App, caller: &Caller, connection: Connection) -> Result<Usable, Problem> {
    let sealed = &connection.tokens.access;
    let access_token =
        connection::open_token(&app.platform, caller.user_id(), connection.id, "access_token", sealed).await?;
    Ok(Usable { access_token, connection })
}

async fn refreshed(app: &App, caller: &Caller, seen: &Connection) -> Result<Usable, Problem> {
    let (platform, now) = (&app.platform, app.platform.now());
    let over = seen.tokens.refresh_expires_at.is_some_and(|end| end <= now);
    if over || seen.tokens.refresh.is_none() {
        return without_refresh(app, caller, seen).await;
    }
    let on = platform.db.unaudited(caller.user_id());
    if connections::begin_refresh(&on, seen.id, &seen.tokens, now, now + LEASE).await? {
        // On its own: a client that goes away must not leave a traded token unstored.
        let refresh = tokio::spawn(refresh(app.clone(), caller.clone(), seen.clone()));
        refresh.await.map_err(|_| Problem::internal("a refresh of GitHub's tokens panicked"))??;
    }
    newer(app, caller, seen).await
}

/// Nothing can be traded: what there is will do to its end, and a token that was refused is the end.
async fn without_refresh(app: &App, caller: &Caller, seen: &Connection) -> Result<Usable, Problem> {
    let current = current(app, caller).await?;
    if current.tokens.access != seen.tokens.access {
        return open(app, caller, current).await;
    }
    break_off(app, caller, seen).await?;
    Err(reconnect())
}

/// Waits for other tokens than those that were seen.
async fn newer(app: &App, caller: &Caller, seen: &Connection) -> Result<Usable, Problem> {
    for _ in 0..MOST_PAUSES {
        let current = current(app, caller).await?;
        if current.broken_at.is_some() {
            return Err(reconnect());
        }
        if current.tokens.access != seen.tokens.access {
            return open(app, caller, current).await;
        }
        if current.refreshing_until.is_none() {
            // Whoever was at it has given up.
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(GitHubError::Unreachable("another request could not refresh the tokens").into())
}

async fn current(app: &App, caller: &Caller) -> Result<Connection, Problem> {
    let on = app.platform.db.unaudited(caller.user_id());
    connections::find(&on, caller.user_id()).await?.ok_or_else(super::not_connected)
}

/// Trades the refresh token, and stores what comes of it.
async fn refresh(app: App, caller: Caller, seen: Connection) -> Result<(), Problem> {
    let user_id = caller.user_id();
    match trade(&app, &caller, &seen).await {
        Ok(grant) => {
            let platform = &app.platform;
            let tokens = connection::seal_tokens(platform, user_id, seen.id, &grant).await?;
            let entry = AuditEntry::by(&caller, "github.refresh", "github", platform.now()).resource(seen.id);
            Ok(connections::end_refresh(&platform.db.scoped(entry), seen.id, &seen.tokens, &tokens).await?)
        }
        Err(Failure::Refused) => {
            break_off(&app, &caller, &seen).await?;
            Err(reconnect())
        }
        Err(Failure::Problem(problem)) => {
            let on = app.platform.db.unaudited(user_id);
            connections::give_up_refresh(&on, seen.id, &seen.tokens).await?;
            Err(problem)
        }
    }
}

enum Failure {
    Refused,
    Problem(Problem),
}

async fn trade(app: &App, caller: &Caller, seen: &Connection) -> Result<Grant, Failure> {
    let sealed = seen.tokens.refresh.as_deref().unwrap_or_default();
    let platform = &app.platform;
    let refresh_token = connection::open_token(platform, caller.user_id(), seen.id, "refresh_token", sealed)
        .await
        .map_err(Failure::Problem)?;
    client(app).map_err(Failure::Problem)?.refresh(&refresh_token).await.map_err(|refused| match refused {
        Refused::Invalid => Failure::Refused,
        Refused::Unknown(error) => Failure::Problem(error.into()),
    })
}
