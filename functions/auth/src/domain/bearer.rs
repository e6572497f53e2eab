//! Sessions in tokens: an access token for an hour, and a refresh token that is rotated at each use (RFC 9700, section
//! 4.14.2).

use axum::http::StatusCode;
use serde_json::json;
use shared::data::{Transaction, sessions};
use shared::http::Problem;
use shared::identity::{AccessClaims, RequestMeta, Session, TokenHash};
use shared::ledger::{AuditEntry, SecurityEvent, Severity};
use zeroize::Zeroizing;

use crate::App;
use crate::store::refresh_tokens::{self, Current};
use crate::store::session_audits::{self, SessionEvent};
use crate::tokens::{Decision, RefreshToken, decide};

/// What an app holds.
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    pub(crate) refresh_token: Option<Zeroizing<String>>,
    /// Seconds until the refresh token is over.
    pub(crate) refresh_expires_in: i64,
}

/// Makes a session that begins in this transaction one in tokens: [`first`] gives them after the commit.
///
/// # Errors
/// 400 `tokens_not_configured` where no key is set to sign with.
pub(crate) async fn begin(app: &App, on: &Transaction<'_>, session: &Session) -> Result<(), Problem> {
    app.signer.as_ref().ok_or_else(not_configured)?;
    let (counter, now) = (FIRST.cast_signed(), app.platform.now());
    Ok(refresh_tokens::insert(on, session.id, session.user_id, counter, now, session.expires_at).await?)
}

const FIRST: u64 = 1;

/// The first tokens of a session that has begun. Not within its transaction: the keys may have to be read again from
/// where they are kept.
pub(crate) async fn first(app: &App, session: &Session) -> Result<Tokens, Problem> {
    tokens(app, session, Some(FIRST)).await
}

/// A new access token for a session that has changed.
pub(crate) async fn access(app: &App, session: &Session) -> Result<Tokens, Problem> {
    tokens(app, session, None).await
}

async fn tokens(app: &App, session: &Session, counter: Option<u64>) -> Result<Tokens, Problem> {
    let (platform, now) = (&app.platform, app.platform.now());
    let signer = app.signer.as_ref().ok_or_else(not_configured)?;
    let claims = AccessClaims::new(&platform.settings.tokens, session, platform.new_id()?, now);
    let refresh_token = match counter {
        Some(counter) => Some(RefreshToken::mint(platform, session.id, counter).await?.reveal()),
        None => None,
    };
    Ok(Tokens {
        access_token: signer.sign(&claims).await?,
        refresh_token,
        refresh_expires_in: session.expires_at.duration_since(now).as_secs(),
    })
}

/// 400 where tokens are asked for and no key is set.
pub(crate) fn not_configured() -> Problem {
    Problem::bad_request("tokens_not_configured", "Tokens are not set up here")
        .detail("Set WARD_TOKEN_KEYS or WARD_TOKEN_KEYS_SECRET_ID, or use \"session\": \"cookie\".")
}

/// The next tokens of a session. A token one behind whose successor is unused gets that one again: an answer may be
/// lost, and requests may run at once. Any older one has been stolen or copied: the session ends.
///
/// # Errors
/// 401 `refresh_token_invalid` for a token that is none, over, revoked or reused.
pub(crate) async fn refresh(app: &App, request: RequestMeta, text: &str) -> Result<Tokens, Problem> {
    let platform = &app.platform;
    let token = RefreshToken::parse(text).ok_or_else(invalid)?;
    if !token.check(platform).await? {
        return Err(invalid());
    }
    let now = platform.now();
    let hash = TokenHash::of_bearer_session(token.session_id());
    let idle = platform.settings.session.idle_seconds;
    let session = sessions::resume(&platform.db.unscoped(), &hash, now, idle).await?;
    let session = session.ok_or_else(invalid)?;
    let entry = AuditEntry::of(session.user_id, request, "auth.refresh", "session", now).resource(session.id);
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    let current = refresh_tokens::lock(&transaction, session.id).await?.ok_or_else(invalid)?;
    let counter = match decide(token.counter(), current.counter.cast_unsigned()) {
        Decision::Rotate => {
            let next = current.counter + 1;
            refresh_tokens::rotate(&transaction, session.id, next, now).await?;
            let event = SessionEvent::Refreshed;
            session_audits::insert(&transaction, session.user_id, session.id, event, session.device_id, request, now)
                .await?;
            next.cast_unsigned()
        }
        Decision::GiveCurrent => current.counter.cast_unsigned(),
        Decision::Reuse => return reused(app, transaction, request, &session, &current, token.counter()).await,
    };
    transaction.commit().await?;
    tokens(app, &session, Some(counter)).await
}

/// Ends the session of a token that was used before.
async fn reused(
    app: &App,
    on: Transaction<'_>,
    request: RequestMeta,
    session: &Session,
    current: &Current,
    presented: u64,
) -> Result<Tokens, Problem> {
    let (platform, now) = (&app.platform, app.platform.now());
    sessions::revoke(&on, session.id, now).await?;
    let event = SessionEvent::Revoked;
    session_audits::insert(&on, session.user_id, session.id, event, session.device_id, request, now).await?;
    let event = SecurityEvent::new(session.user_id, "refresh_token_reused", Severity::High, request);
    let details = json!({"session_id": session.id, "presented": presented, "current": current.counter});
    event.details(details).record(&on, &platform.clock).await?;
    on.commit().await?;
    platform.sessions.forget_token(&TokenHash::of_bearer_session(session.id)).await;
    Err(invalid())
}

/// What an access token says, where it holds and its session lives; the role is the user's as it is now.
pub(crate) async fn validate(app: &App, token: &str) -> Result<Option<AccessClaims>, Problem> {
    let Some(claims) = app.platform.tokens.verify(token).await? else { return Ok(None) };
    let hash = TokenHash::of_bearer_session(claims.sid);
    let (on, idle) = (app.platform.db.unscoped(), app.platform.settings.session.idle_seconds);
    let session = sessions::resume(&on, &hash, app.platform.now(), idle).await?;
    Ok(session.map(|session| AccessClaims { role: session.role, ..claims }))
}

fn invalid() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "refresh_token_invalid", "This refresh token is not valid")
        .detail("It is over, revoked or was used before. Sign in again.")
}
