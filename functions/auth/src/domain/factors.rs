//! Enrolling and removing second factors.

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::json;
use shared::data::Transaction;
use shared::http::Problem;
use shared::identity::{Assurance, Caller, SignedIn};
use shared::ledger::{AuditEntry, SecurityEvent, Severity};
use uuid::Uuid;

use super::attempts::{Attempt, Method};
use super::contacts::{self, Address};
use super::second_factor::Factor;
use super::{Client, backup_codes, codes, passwords, profile, sessions, step_up, totp};
use crate::App;
use crate::delivery::{Factor as Named, SecurityChange};
use crate::store::accounts::{self, Account};
use crate::store::devices;
use crate::store::factors::{self, Factor as Row};
use crate::store::sessions::Which;

/// What an account has.
pub(crate) struct Overview {
    pub(crate) account: Account,
    pub(crate) factors: Vec<Row>,
    /// Whether the role needs one.
    pub(crate) required: bool,
}

/// The caller's factors.
pub(crate) async fn overview(app: &App, caller: &Caller) -> Result<Overview, Problem> {
    let (platform, user_id) = (&app.platform, caller.user_id());
    let entry = AuditEntry::by(caller, "factor.list", "two_factor_auth", platform.now());
    let account = accounts::load(&platform.db.scoped(entry), user_id).await?.ok_or_else(Problem::unauthenticated)?;
    let factors = factors::list(&platform.db.unaudited(user_id), user_id).await?;
    let required = platform.settings.sign_in.mfa_roles.contains(&account.role);
    Ok(Overview { account, factors: factors.into_iter().filter(|row| row.confirmed_at.is_some()).collect(), required })
}

/// Begins to enrol an authenticator app: it counts once a code of it has been shown.
///
/// # Errors
/// 403 `step_up_required`; 409 `factor_enrolled` where there is one already.
pub(crate) async fn begin_totp(app: &App, caller: &Caller) -> Result<totp::NewSecret, Problem> {
    step_up::require(app, caller).await?;
    let (platform, user_id, now) = (&app.platform, caller.user_id(), app.platform.now());
    let account =
        accounts::load(&platform.db.unaudited(user_id), user_id).await?.ok_or_else(Problem::unauthenticated)?;
    let username = profile::open(platform, user_id, &account.profile).await?.username;
    let secret = totp::NewSecret::generate(platform, username.as_str())?;
    let id = platform.new_id()?;
    let sealed = totp::seal(app, user_id, id, secret.bytes.as_slice()).await?;
    let row = Row {
        id,
        method: Factor::Totp.name().to_owned(),
        secret: Some(sealed),
        contact_id: None,
        confirmed_at: None,
        last_used_at: None,
    };
    let entry = AuditEntry::by(caller, "factor.begin", "two_factor_auth", now).resource(id);
    if factors::put(&platform.db.scoped(entry), user_id, &row, now).await? { Ok(secret) } else { Err(enrolled()) }
}

/// What came of enrolling a factor.
pub(crate) struct Enrolled {
    /// The first factor's backup codes.
    pub(crate) backup_codes: Option<Vec<String>>,
    /// The session with its new token: what was weaker is over.
    pub(crate) signed_in: SignedIn,
}

/// Confirms the authenticator app by a code of it.
///
/// # Errors
/// 403 `step_up_required`, for a secret may have been begun long ago by somebody else; 400 `code_invalid`; 429; 409
/// `factor_enrolled`.
pub(crate) async fn confirm_totp(app: &App, caller: &Caller, client: &Client, code: &str) -> Result<Enrolled, Problem> {
    step_up::require(app, caller).await?;
    let (platform, user_id) = (&app.platform, caller.user_id());
    let attempt = Attempt::begin(app, client, Method::Totp, user_id, None).await?;
    let on = platform.db.unaudited(user_id);
    let begun = factors::list(&on, user_id).await?.into_iter().find(|row| row.method == Factor::Totp.name());
    let begun = begun.filter(|row| row.confirmed_at.is_none());
    let right = match &begun {
        Some(row) => totp::take(app, &on, user_id, row, code).await?,
        None => false,
    };
    let (true, Some(row)) = (right, begun) else {
        attempt.failed(app, "wrong_code").await?;
        return Err(codes::invalid());
    };
    enrol(app, caller, Factor::Totp, Enrolment::Confirm(row.id), Some(&attempt)).await
}

/// Enrols codes to the oldest proved address of a kind.
///
/// # Errors
/// 403 `step_up_required`; 400 `factor_not_offered`; 409 `address_unverified` or `factor_enrolled`.
pub(crate) async fn enrol_codes(app: &App, caller: &Caller, factor: Factor) -> Result<Enrolled, Problem> {
    step_up::require(app, caller).await?;
    let (platform, user_id) = (&app.platform, caller.user_id());
    if !platform.settings.sign_in.code_factors.iter().any(|offered| offered == factor.name()) {
        return Err(Problem::bad_request("factor_not_offered", "Codes are not offered that way here")
            .detail("Use an authenticator app or a passkey: both are stronger."));
    }
    let contacts = contacts::open_all(app, &platform.db.unaudited(user_id), user_id).await?;
    let contact = contacts.into_iter().find(|contact| {
        contact.row.verified_at.is_some()
            && matches!(
                (&contact.address, factor),
                (Address::Email(_), Factor::Email) | (Address::Phone(_), Factor::Sms)
            )
    });
    let contact = contact.ok_or_else(|| {
        conflict("address_unverified", "There is no proved address for that")
            .detail("Add the address to the account and confirm it first.")
    })?;
    let row = Row {
        id: platform.new_id()?,
        method: factor.name().to_owned(),
        secret: None,
        contact_id: Some(contact.row.id),
        confirmed_at: Some(platform.now()),
        last_used_at: None,
    };
    enrol(app, caller, factor, Enrolment::Insert(row), None).await
}

enum Enrolment {
    Confirm(Uuid),
    Insert(Row),
}

async fn enrol(
    app: &App,
    caller: &Caller,
    factor: Factor,
    enrolment: Enrolment,
    attempt: Option<&Attempt>,
) -> Result<Enrolled, Problem> {
    let (platform, user_id, now) = (&app.platform, caller.user_id(), app.platform.now());
    let codes = backup_codes::make(app, user_id).await?;
    let entry = AuditEntry::by(caller, "factor.enrol", "two_factor_auth", now).resource(factor.name());
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    // A code that was sent proved the address when it was added, not now: the session stays as strong as it was.
    let (methods, assurance) = match factor {
        Factor::Totp => (vec![factor.amr()], Assurance::Aal2),
        _ => (Vec::new(), caller.session().assurance),
    };
    let stronger = step_up::strengthen(app, &transaction, caller, &methods, assurance).await?;
    let first = accounts::load(&transaction, user_id).await?.is_some_and(|account| account.factors.is_empty());
    let stored = match &enrolment {
        Enrolment::Confirm(id) => factors::confirm(&transaction, *id, now).await?,
        Enrolment::Insert(row) => factors::put(&transaction, user_id, row, now).await?,
    };
    if !stored {
        return Err(enrolled());
    }
    let backup_codes = if first { Some(codes.store(app, &transaction, user_id).await?) } else { None };
    if let Some(attempt) = attempt {
        attempt.proved(app, &transaction, "enrolled").await?;
    }
    if factor.assurance() == Assurance::Aal2 {
        let which = Which { but: Some(caller.session().id), below: Some(Assurance::Aal2), ..Which::default() };
        sessions::end(app, &transaction, user_id, which, caller.request).await?;
    }
    changed(app, &transaction, caller, "factor_added", factor).await?;
    transaction.commit().await?;
    let signed_in = stronger.told(app).await;
    contacts::notice(app, user_id, SecurityChange::FactorAdded(named(factor))).await;
    Ok(Enrolled { backup_codes, signed_in })
}

/// Removes a factor.
///
/// # Errors
/// 403 `step_up_required`; 404; 409 as [`still_strong_enough`].
pub(crate) async fn remove(app: &App, caller: &Caller, factor: Factor) -> Result<(), Problem> {
    step_up::require(app, caller).await?;
    let (platform, user_id, now) = (&app.platform, caller.user_id(), app.platform.now());
    let entry = AuditEntry::by(caller, "factor.remove", "two_factor_auth", now).resource(factor.name());
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    step_up::still_here(app, &transaction, caller).await?;
    let version = accounts::raise_security_version(&transaction, user_id, now).await?;
    if !factors::remove(&transaction, user_id, factor.name()).await? {
        return Err(Problem::not_found());
    }
    still_strong_enough(app, &transaction, user_id).await?;
    changed(app, &transaction, caller, "factor_removed", factor).await?;
    transaction.commit().await?;
    platform.sessions.forget_user(user_id, version).await;
    contacts::notice(app, user_id, SecurityChange::FactorRemoved(named(factor))).await;
    Ok(())
}

/// Refuses a change that would leave an account too weak: a role that needs a second factor without one, or a short
/// password by itself.
///
/// # Errors
/// 409 `factor_required` or `password_too_short_alone`.
pub(crate) async fn still_strong_enough(app: &App, on: &Transaction<'_>, user_id: Uuid) -> Result<(), Problem> {
    let left = accounts::load(on, user_id).await?.ok_or_else(Problem::unauthenticated)?;
    if app.platform.settings.sign_in.mfa_roles.contains(&left.role) && !left.reaches_aal2() {
        return Err(conflict("factor_required", "Your role needs a second factor")
            .detail("Add a passkey or an authenticator app before you remove this one."));
    }
    if left.factors.is_empty() && !passwords::suffices_alone(on, user_id).await? {
        return Err(conflict("password_too_short_alone", "Your password is too short without a second factor")
            .detail("Change it to a longer one first."));
    }
    Ok(())
}

/// New backup codes: the old ones are void.
///
/// # Errors
/// 403 `step_up_required`; 409 `factor_needed` where the account has no second factor to back up.
pub(crate) async fn renew_backup_codes(app: &App, caller: &Caller) -> Result<Vec<String>, Problem> {
    step_up::require(app, caller).await?;
    let (platform, user_id, now) = (&app.platform, caller.user_id(), app.platform.now());
    let new = backup_codes::make(app, user_id).await?;
    let entry = AuditEntry::by(caller, "backup_codes.renew", "backup_codes", now);
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    step_up::still_here(app, &transaction, caller).await?;
    let version = accounts::raise_security_version(&transaction, user_id, now).await?;
    let account = accounts::load(&transaction, user_id).await?.ok_or_else(Problem::unauthenticated)?;
    if account.factors.is_empty() {
        return Err(conflict("factor_needed", "There is nothing to back up")
            .detail("Backup codes stand in for a second factor. Add one first."));
    }
    let codes = new.store(app, &transaction, user_id).await?;
    changed(app, &transaction, caller, "backup_codes_renewed", Factor::BackupCode).await?;
    transaction.commit().await?;
    platform.sessions.forget_user(user_id, version).await;
    contacts::notice(app, user_id, SecurityChange::BackupCodesRenewed).await;
    Ok(codes)
}

/// Writes the event of a change, and trusts no device any more: it was trusted by what there was before.
pub(crate) async fn changed(
    app: &App,
    on: &Transaction<'_>,
    caller: &Caller,
    kind: &'static str,
    factor: Factor,
) -> Result<(), Problem> {
    devices::distrust(on, caller.user_id(), caller.session().device_id).await?;
    let event = SecurityEvent::new(caller.user_id(), kind, Severity::Medium, caller.request);
    Ok(event.details(json!({"factor": factor.name()})).record(on, &app.platform.clock).await?)
}

fn named(factor: Factor) -> Named {
    match factor {
        Factor::Totp | Factor::BackupCode => Named::Totp,
        Factor::Email => Named::Email,
        Factor::Sms => Named::Sms,
    }
}

fn conflict(code: &'static str, title: &'static str) -> Problem {
    Problem::new(StatusCode::CONFLICT, code, title)
}

fn enrolled() -> Problem {
    conflict("factor_enrolled", "This factor is enrolled already")
        .detail("Remove it first to enrol another in its place.")
}

/// When a factor was confirmed and last used.
pub(crate) fn times(overview: &Overview, factor: Factor) -> Option<(Timestamp, Option<Timestamp>)> {
    let row = overview.factors.iter().find(|row| row.method == factor.name())?;
    Some((row.confirmed_at?, row.last_used_at))
}
