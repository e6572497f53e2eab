//! Passwords of accounts: sign-in, change, removal.

use serde::{Deserialize, Serialize};
use shared::data::{Statements, Transaction};
use shared::http::Problem;
use shared::identity::{Assurance, Caller};
use shared::ledger::{AuditEntry, SecurityEvent, Severity};
use shared::vault::{BlindIndex, Field};
use uuid::Uuid;

use super::attempts::{Attempt, Method};
use super::contacts::{self, Address};
use super::sign_in::{self, Outcome, Proven, SessionMode};
use super::{Client, profile, sessions, step_up, ways};
use crate::App;
use crate::delivery::SecurityChange;
use crate::model::Username;
use crate::password::{Password, Policy, REMEMBERED, Verdict};
use crate::store::accounts::{self, Account};
use crate::store::sessions::Which;
use crate::store::{devices, passwords};

/// What somebody signs in by.
pub(crate) enum Identifier {
    Username(Username),
    Address(Address),
}

impl Identifier {
    /// The kind [`accounts::find_id`] knows it by, and its index.
    async fn index(&self, app: &App) -> Result<(&'static str, BlindIndex), Problem> {
        let platform = &app.platform;
        match self {
            Self::Username(name) => {
                let index = platform.vault.blind_index(&platform.db, "users.username", None, &name.canonical()).await?;
                Ok(("username", index))
            }
            Self::Address(address) => Ok((address.kind(), address.index(platform).await?)),
        }
    }
}

/// Signs in with a password. A name that nobody has costs the same look-ups, the same hash and the same record as one
/// that somebody has, and gets the same answer.
///
/// # Errors
/// 401 `credentials_invalid`; 403 `account_disabled`; 409 `account_changed`; 429 `sign_in_throttled`; 503 `busy`.
pub(crate) async fn sign_in(
    app: &App,
    client: &Client,
    identifier: &Identifier,
    password: &Password,
    mode: SessionMode,
) -> Result<Outcome, Problem> {
    let platform = &app.platform;
    let (kind, index) = identifier.index(app).await?;
    let user_id = accounts::find_id(&platform.db.unscoped(), kind, &index).await?.unwrap_or_default();
    let attempt = Attempt::begin(app, client, Method::Password, user_id, Some(index)).await?;
    let on = platform.db.unaudited(user_id);
    let stored = passwords::find(&on, user_id).await?;
    let hash = match &stored {
        Some((sealed, _)) => Some(open(app, user_id, sealed).await?),
        None => None,
    };
    let verdict = verify(app, &attempt, password, hash.as_deref()).await?;
    if verdict.unusable {
        let event = SecurityEvent::new(user_id, "password_hash_unusable", Severity::Medium, client.request);
        event.record(&on, &platform.clock).await?;
    }
    if !verdict.matches {
        attempt.failed(app, if user_id.is_nil() { "unknown_account" } else { "wrong_password" }).await?;
        return Err(sign_in::credentials_invalid());
    }
    if let (Some(stronger), Some((read, _))) = (verdict.rehash, &stored) {
        passwords::rehash(&on, user_id, read, &seal(app, user_id, &stronger).await?).await?;
    }
    let proven = Proven { user_id, methods: vec!["pwd".into()], assurance: Assurance::Aal1, mode };
    sign_in::first_factor(app, client, proven, &attempt).await
}

/// Changes the caller's password, which needs the old one, or sets the first, which needs a step-up. Every other
/// session ends.
///
/// # Errors
/// 400 `password_too_short`, `password_too_weak`, `password_reused`, `password_wrong`; 403 `step_up_required`; 409
/// `account_changed`.
pub(crate) async fn change(
    app: &App,
    client: &Client,
    caller: &Caller,
    current: Option<&Password>,
    new: &Password,
) -> Result<(), Problem> {
    let (platform, user_id) = (&app.platform, caller.user_id());
    let on = platform.db.unaudited(user_id);
    let account = sign_in::open_account(&on, user_id).await?;
    let before = accounts::security_version(&on, user_id).await?;
    prove(app, client, caller, current).await?;
    let hash = judged(app, user_id, &account, new).await?;
    let now = platform.now();
    let entry = AuditEntry::by(caller, "password.change", "password", now);
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    step_up::still_here(app, &transaction, caller).await?;
    let version = accounts::raise_security_version(&transaction, user_id, now).await?;
    if before.is_none_or(|before| version != before + 1) {
        // Another change may have ended this very session, or made the current password an old one.
        return Err(sign_in::account_changed());
    }
    hash.set(app, &transaction, user_id).await?;
    devices::distrust(&transaction, user_id, caller.session().device_id).await?;
    let others = Which { but: Some(caller.session().id), ..Which::default() };
    sessions::end(app, &transaction, user_id, others, caller.request).await?;
    let event = SecurityEvent::new(user_id, "password_changed", Severity::Medium, caller.request);
    event.record(&transaction, &platform.clock).await?;
    transaction.commit().await?;
    platform.sessions.forget_user(user_id, version).await;
    contacts::notice(app, user_id, SecurityChange::PasswordChanged).await;
    Ok(())
}

async fn prove(app: &App, client: &Client, caller: &Caller, current: Option<&Password>) -> Result<(), Problem> {
    let user_id = caller.user_id();
    let on = app.platform.db.unaudited(user_id);
    if passwords::find(&on, user_id).await?.is_none() {
        return step_up::require(app, caller).await;
    }
    let current = current.ok_or_else(|| {
        Problem::bad_request("password_needed", "The current password is missing")
            .detail("Send it as current_password, or recover the account if you have forgotten it.")
    })?;
    check(app, client, user_id, current).await?.succeeded(app, &on, "confirmed").await
}

/// Checks the password of somebody who is signed in.
///
/// # Errors
/// 400 `password_wrong`; 429; 503 `busy`.
pub(crate) async fn check(app: &App, client: &Client, user_id: Uuid, password: &Password) -> Result<Attempt, Problem> {
    let attempt = Attempt::begin(app, client, Method::Password, user_id, None).await?;
    let stored = passwords::find(&app.platform.db.unaudited(user_id), user_id).await?;
    let hash = match &stored {
        Some((sealed, _)) => Some(open(app, user_id, sealed).await?),
        None => None,
    };
    if verify(app, &attempt, password, hash.as_deref()).await?.matches {
        return Ok(attempt);
    }
    attempt.failed(app, "wrong_password").await?;
    Err(Problem::bad_request("password_wrong", "The current password is not right"))
}

/// Compares; a password that can't be checked now was no attempt.
async fn verify(app: &App, attempt: &Attempt, password: &Password, hash: Option<&str>) -> Result<Verdict, Problem> {
    match app.hasher.verify(password, hash).await {
        Ok(verdict) => Ok(verdict),
        Err(problem) => {
            attempt.uncounted(app, problem.summary().0).await?;
            Err(problem)
        }
    }
}

/// Removes the caller's password.
///
/// # Errors
/// 403 `step_up_required`; 404; 409 `last_way_to_sign_in`.
pub(crate) async fn remove(app: &App, caller: &Caller) -> Result<(), Problem> {
    step_up::require(app, caller).await?;
    let (platform, user_id, now) = (&app.platform, caller.user_id(), app.platform.now());
    let entry = AuditEntry::by(caller, "password.remove", "password", now);
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    step_up::still_here(app, &transaction, caller).await?;
    let version = accounts::raise_security_version(&transaction, user_id, now).await?;
    if !passwords::remove(&transaction, user_id).await? {
        return Err(Problem::not_found());
    }
    ways::one_is_left(&transaction, user_id).await?;
    let event = SecurityEvent::new(user_id, "password_removed", Severity::Medium, caller.request);
    event.record(&transaction, &platform.clock).await?;
    transaction.commit().await?;
    platform.sessions.forget_user(user_id, version).await;
    contacts::notice(app, user_id, SecurityChange::PasswordRemoved).await;
    Ok(())
}

/// A new password that the policy has let through, hashed and sealed.
#[derive(Serialize, Deserialize)]
pub(crate) struct NewHash {
    sealed: Vec<u8>,
    suffices: bool,
}

impl NewHash {
    /// Judges a password by names and addresses it should not be made of, and hashes it.
    pub(crate) async fn judge(
        app: &App,
        user_id: Uuid,
        password: &Password,
        about: &[&str],
        second_factor: bool,
    ) -> Result<Self, Problem> {
        app.policy.check(password, about, second_factor).await?;
        let hash = app.hasher.hash(password).await?;
        let suffices = app.policy.suffices_alone(password);
        Ok(Self { sealed: seal(app, user_id, &hash).await?, suffices })
    }

    /// Stores it.
    pub(crate) async fn set(&self, app: &App, on: &Transaction<'_>, user_id: Uuid) -> Result<(), Problem> {
        Ok(passwords::set(on, user_id, &self.sealed, self.suffices, app.platform.now()).await?)
    }
}

/// Whether a new password of an account would do, as far as whoever may not know what it had before can be told.
pub(crate) async fn acceptable(app: &App, user_id: Uuid, account: &Account, new: &Password) -> Result<(), Problem> {
    let about = about(app, user_id, account).await?;
    let about: Vec<&str> = about.iter().map(String::as_str).collect();
    app.policy.check(new, &about, !account.factors.is_empty()).await
}

/// What the user is called and found by: no password should be made of it.
async fn about(app: &App, user_id: Uuid, account: &Account) -> Result<Vec<String>, Problem> {
    let profile = profile::open(&app.platform, user_id, &account.profile).await?;
    let addresses = contacts::open_all(app, &app.platform.db.unaudited(user_id), user_id).await?;
    let names = [profile.username.as_str(), profile.display_name.as_str()].map(str::to_owned);
    Ok(names.into_iter().chain(addresses.iter().map(|contact| contact.address.as_str().to_owned())).collect())
}

/// Judges a new password of an account: also by what the user is called and has had before.
pub(crate) async fn judged(app: &App, user_id: Uuid, account: &Account, new: &Password) -> Result<NewHash, Problem> {
    let on = app.platform.db.unaudited(user_id);
    let mut before = Vec::new();
    for sealed in passwords::history(&on, user_id, REMEMBERED).await? {
        before.push(open(app, user_id, &sealed).await?);
    }
    let about = about(app, user_id, account).await?;
    let about: Vec<&str> = about.iter().map(String::as_str).collect();
    let hash = NewHash::judge(app, user_id, new, &about, !account.factors.is_empty()).await?;
    if app.hasher.reused(new, &before).await? { Err(Policy::reused()) } else { Ok(hash) }
}

/// Whether the account's password would do without a second factor; also where it has none.
pub(crate) async fn suffices_alone(on: &impl Statements, user_id: Uuid) -> Result<bool, Problem> {
    Ok(passwords::find(on, user_id).await?.is_none_or(|(_, suffices)| suffices))
}

/// Hashes are sealed under the system's key, which known and unknown accounts share: a user's own might have to be
/// fetched first, and the time that takes would tell.
async fn seal(app: &App, user_id: Uuid, hash: &str) -> Result<Vec<u8>, Problem> {
    let key = app.platform.vault.owner_key(&app.platform.db, Uuid::nil()).await?;
    Ok(key.seal(&field(&user_id.to_string()), hash.as_bytes())?)
}

async fn open(app: &App, user_id: Uuid, sealed: &[u8]) -> Result<String, Problem> {
    let platform = &app.platform;
    let hash = platform.vault.open_any(&platform.db, Uuid::nil(), &field(&user_id.to_string()), sealed).await?;
    String::from_utf8(hash.to_vec()).map_err(|_| Problem::internal("a password hash is not text"))
}

fn field(row: &str) -> Field<'_> {
    Field { table: "passwords", column: "hash", row }
}
