//! The deletion of an account by its user: asked for, held back for a time, and taken back within it. Erasing what is due is
//! for maintenance.

use axum::http::StatusCode;
use jiff::SignedDuration;
use serde_json::json;
use shared::Platform;
use shared::http::Problem;
use shared::identity::{Caller, Role};
use shared::ledger::{AuditEntry, SecurityEvent, Severity};
use uuid::Uuid;

use super::{contacts, profile, sessions, step_up};
use crate::App;
use crate::delivery::{SecurityChange, Template};
use crate::model::{UserBody, Username};
use crate::store::account_deletions::{self, Deletion};
use crate::store::accounts::{self, Status};
use crate::store::sessions::Which;
use crate::store::{api_keys, users};

/// The caller's account, and its deletion where it was asked for.
pub(crate) async fn account(app: &App, caller: &Caller) -> Result<(UserBody, Option<Deletion>), Problem> {
    let (platform, user_id) = (&app.platform, caller.user_id());
    let entry = AuditEntry::by(caller, "account.read", "user", platform.now()).resource(user_id);
    let found = account_deletions::account(&platform.db.scoped(entry), user_id).await?;
    let (role, sealed, deletion) = found.ok_or_else(Problem::unauthenticated)?;
    Ok((UserBody::new(user_id, role, profile::open(platform, user_id, &sealed).await?), deletion))
}

/// A deletion, and whether it was asked for just now: then every session has ended, the caller's too.
pub(crate) struct Requested {
    pub(crate) deletion: Deletion,
    pub(crate) is_new: bool,
}

/// Asks for the deletion of the caller's account. Every session and API key ends; signing in stays possible, to take it
/// back. A second time it is answered as it stands.
///
/// # Errors
/// 403 `step_up_required`; 400 `confirmation_mismatch`; 409 `last_admin`.
pub(crate) async fn request(app: &App, caller: &Caller, username: &str) -> Result<Requested, Problem> {
    step_up::require(app, caller).await?;
    let (platform, user_id, now) = (&app.platform, caller.user_id(), app.platform.now());
    confirm(platform, user_id, username).await?;
    let entry = AuditEntry::by(caller, "account.deletion.request", "user", now).resource(user_id);
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    // Two administrators who go at once come one after the other.
    let (_, others) = users::administrators(&transaction, Some(caller.session().id), user_id).await?;
    step_up::still_here(app, &transaction, caller).await?;
    if let Some(deletion) = account_deletions::open(&transaction, user_id).await? {
        transaction.commit().await?;
        return Ok(Requested { deletion, is_new: false });
    }
    let account = accounts::load(&transaction, user_id).await?.ok_or_else(Problem::unauthenticated)?;
    if account.role == Role::Admin && account.status == Status::Active && others == 0 {
        return Err(Problem::new(StatusCode::CONFLICT, "last_admin", "This is the last active administrator")
            .detail("Make another user an administrator first."));
    }
    let grace = SignedDuration::from_hours(24 * platform.settings.account.deletion_grace_days);
    let deletion = Deletion { requested_at: now, due_at: now + grace };
    let version = accounts::raise_security_version(&transaction, user_id, now).await?;
    account_deletions::insert(&transaction, platform.new_id()?, user_id, caller.request.id, deletion).await?;
    let ended = sessions::end(app, &transaction, user_id, Which::default(), caller.request).await?;
    let revoked = api_keys::revoke_all(&transaction, user_id, now).await?;
    let event = SecurityEvent::new(user_id, "account_deletion_requested", Severity::High, caller.request);
    let details = json!({"due_at": deletion.due_at.to_string(), "sessions": ended, "api_keys": revoked});
    event.details(details).record(&transaction, &platform.clock).await?;
    transaction.commit().await?;
    platform.sessions.forget_user(user_id, version).await;
    let told = Template::DeletionRequested { due_at: deletion.due_at, at: now };
    contacts::tell(app, user_id, &told, true).await;
    Ok(Requested { deletion, is_new: true })
}

/// Whether the caller has typed the name of the account: nobody deletes one by a wrong click.
async fn confirm(platform: &Platform, user_id: Uuid, username: &str) -> Result<(), Problem> {
    let on = platform.db.unaudited(user_id);
    let (_, sealed) = users::find(&on, user_id).await?.ok_or_else(Problem::unauthenticated)?;
    let own = profile::open(platform, user_id, &sealed).await?.username;
    let typed = Username::parse(username).ok();
    if typed.is_some_and(|typed| typed.canonical() == own.canonical()) {
        return Ok(());
    }
    Err(Problem::bad_request("confirmation_mismatch", "That is not the username of this account")
        .detail("Send the username of the account that is to be deleted."))
}

/// Takes the deletion back, before it is due. API keys stay revoked.
///
/// # Errors
/// 404 where none was asked for; 409 `deletion_due` where it is too late.
pub(crate) async fn cancel(app: &App, caller: &Caller) -> Result<(), Problem> {
    let (platform, user_id, now) = (&app.platform, caller.user_id(), app.platform.now());
    let entry = AuditEntry::by(caller, "account.deletion.cancel", "user", now).resource(user_id);
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    step_up::still_here(app, &transaction, caller).await?;
    let deletion = account_deletions::open(&transaction, user_id).await?.ok_or_else(Problem::not_found)?;
    if deletion.due_at <= platform.now() {
        return Err(Problem::new(StatusCode::CONFLICT, "deletion_due", "The account is being deleted")
            .detail("It can't be taken back any more."));
    }
    account_deletions::cancel(&transaction, user_id, now).await?;
    let event = SecurityEvent::new(user_id, "account_deletion_cancelled", Severity::Medium, caller.request);
    event.record(&transaction, &platform.clock).await?;
    transaction.commit().await?;
    contacts::tell_all(app, user_id, SecurityChange::DeletionCancelled).await;
    Ok(())
}
