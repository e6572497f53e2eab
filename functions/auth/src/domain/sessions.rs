//! A user's sessions: seen and ended by their user, or ended with what they rest on.

use shared::data::Transaction;
use shared::http::Problem;
use shared::identity::{Caller, RequestMeta};
use shared::ledger::AuditEntry;
use uuid::Uuid;

use super::{devices, labels};
use crate::App;
use crate::store::accounts;
use crate::store::session_audits::{self, SessionEvent};
use crate::store::sessions::{self, Live, Which};

/// A live session and its device's name.
pub(crate) struct Shown {
    pub(crate) session: Live,
    pub(crate) device: Option<String>,
}

/// The caller's live sessions.
pub(crate) async fn list(app: &App, caller: &Caller) -> Result<Vec<Shown>, Problem> {
    let platform = &app.platform;
    let now = platform.now();
    let on = platform.db.scoped(AuditEntry::by(caller, "session.list", "session", now));
    let mut shown = Vec::new();
    for session in sessions::live(&on, now, platform.settings.session.idle_seconds).await? {
        let device = match &session.device {
            Some((id, name)) => {
                Some(labels::open(platform, caller.user_id(), &devices::field(&id.to_string()), name).await?)
            }
            None => None,
        };
        shown.push(Shown { session, device });
    }
    Ok(shown)
}

/// Ends one of the caller's sessions, or all but the one that asks.
///
/// # Errors
/// 404 where `only` is none of the caller's.
pub(crate) async fn revoke(app: &App, caller: &Caller, only: Option<Uuid>) -> Result<(), Problem> {
    let platform = &app.platform;
    let entry = AuditEntry::by(caller, "session.revoke", "session", platform.now());
    let (entry, which) = match only {
        Some(id) => (entry.resource(id), Which { only: Some(id), ..Which::default() }),
        None => (entry, Which { but: Some(caller.session().id), ..Which::default() }),
    };
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    let version = accounts::raise_security_version(&transaction, caller.user_id(), platform.now()).await?;
    let ended = end(app, &transaction, caller.user_id(), which, caller.request).await?;
    if only.is_some() && ended == 0 {
        return Err(Problem::not_found());
    }
    transaction.commit().await?;
    platform.sessions.forget_user(caller.user_id(), version).await;
    Ok(())
}

/// Ends sessions of a user in a transaction, each with its record; gives how many.
///
/// The transaction has to raise the security version before, and the cache has to hear of it after the commit: only
/// then does the very next request of an ended session fail.
pub(crate) async fn end(
    app: &App,
    on: &Transaction<'_>,
    user_id: Uuid,
    which: Which,
    request: RequestMeta,
) -> Result<usize, Problem> {
    let now = app.platform.now();
    let ended = sessions::end(on, user_id, which, now).await?;
    if !ended.is_empty() {
        session_audits::insert_all(on, user_id, &ended, SessionEvent::Revoked, request, now).await?;
    }
    Ok(ended.len())
}
