//! A user's passkeys: listed, added, renamed, removed.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::data::Transaction;
use shared::http::Problem;
use shared::identity::{Assurance, Caller};
use shared::ledger::{AuditEntry, SecurityEvent, Severity};
use shared::vault::Field;
use uuid::Uuid;
use webauthn_rs::prelude::{PasskeyRegistration, RegisterPublicKeyCredential};

use super::{Ceremony, contacts, enrolment, factors, labels, profile, registration, sessions, step_up, ways};
use crate::App;
use crate::delivery::SecurityChange;
use crate::model::{Label, Signal, UserBody};
use crate::store::credentials::{self, Listed};
use crate::store::sessions::Which;
use crate::store::{accounts, users};

/// More than anyone has use for; the list of them goes to the authenticator with each ceremony.
const MOST: usize = 50;

/// A passkey and its name.
pub(crate) struct Shown {
    pub(crate) passkey: Listed,
    pub(crate) name: Option<String>,
}

/// What the user has, and what the password manager should know of it.
pub(crate) struct Held {
    pub(crate) passkeys: Vec<Shown>,
    pub(crate) signal: Signal,
}

/// The caller's passkeys.
pub(crate) async fn list(app: &App, caller: &Caller) -> Result<Held, Problem> {
    let (platform, user_id) = (&app.platform, caller.user_id());
    let entry = AuditEntry::by(caller, "passkey.list", "passkey", platform.now());
    let listed = credentials::list(&platform.db.scoped(entry)).await?;
    let user = user(app, user_id).await?;
    let ids: Vec<_> = listed.iter().map(|passkey| passkey.credential_id.clone()).collect();
    let signal = Signal::new(&platform.settings.relying_party.id, &user, &ids);
    let mut passkeys = Vec::new();
    for passkey in listed {
        let name = match &passkey.name {
            Some(sealed) => Some(labels::open(platform, user_id, &field(&passkey.id.to_string()), sealed).await?),
            None => None,
        };
        passkeys.push(Shown { passkey, name });
    }
    Ok(Held { passkeys, signal })
}

async fn user(app: &App, user_id: Uuid) -> Result<UserBody, Problem> {
    let on = app.platform.db.unaudited(user_id);
    let (role, sealed) = users::find(&on, user_id).await?.ok_or_else(Problem::unauthenticated)?;
    Ok(UserBody::new(user_id, role, profile::open(&app.platform, user_id, &sealed).await?))
}

#[derive(Serialize, Deserialize)]
struct State {
    user_id: Uuid,
    registration: PasskeyRegistration,
}

/// The options for a further passkey, kept for the session that asks.
///
/// # Errors
/// 403 `step_up_required`; 409 `too_many_passkeys`.
pub(crate) async fn options(app: &App, caller: &Caller) -> Result<Value, Problem> {
    step_up::require(app, caller).await?;
    let (platform, user_id) = (&app.platform, caller.user_id());
    let entry = AuditEntry::by(caller, "passkey.options", "passkey", platform.now());
    let known = credentials::ids(&platform.db.scoped(entry)).await?;
    has_room(known.len())?;
    let on = platform.db.unaudited(user_id);
    let (_, sealed) = users::find(&on, user_id).await?.ok_or_else(Problem::unauthenticated)?;
    let profile = profile::open(platform, user_id, &sealed).await?;
    let (options, registration) = enrolment::options(app, user_id, &profile, &known)?;
    Ceremony::AddPasskey.begin_in(app, caller.session().id, &State { user_id, registration }).await?;
    Ok(options)
}

/// Adds the passkey that was made; gives its id. Sessions that reach assurance level 1 only end, the caller's too.
///
/// Making a passkey proves nothing yet (without attestation its key signs nothing), and binding one is no
/// authentication (NIST SP 800-63B-4, sections 2.2 and 4.1): so it lifts no session to level 2. The account reaches
/// level 2 from here on, and a session below is a weaker way in: the user signs in again, with the new passkey.
///
/// # Errors
/// 400 `passkey_rejected` or `ceremony_expired`; 403 `step_up_required`; 409 `passkey_known` or `too_many_passkeys`.
pub(crate) async fn add(
    app: &App,
    caller: &Caller,
    answer: &RegisterPublicKeyCredential,
    name: &Label,
) -> Result<Uuid, Problem> {
    step_up::require(app, caller).await?;
    let (platform, user_id) = (&app.platform, caller.user_id());
    let state: State = Ceremony::AddPasskey.take_in(app, caller.session().id).await?;
    if state.user_id != user_id {
        return Err(Problem::internal("a session changed its user"));
    }
    let passkey = enrolment::finish(app, answer, &state.registration)?;
    let id = platform.new_id()?;
    let sealed = labels::seal(platform, user_id, &field(&id.to_string()), name).await?;

    let entry = AuditEntry::by(caller, "passkey.add", "passkey", platform.now()).resource(id);
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    let version = changed(app, &transaction, caller, "passkey_added", id).await?;
    has_room(credentials::ids(&transaction).await?.len())?;
    credentials::insert(&transaction, id, user_id, &passkey, Some(&sealed), platform.now())
        .await
        .map_err(|error| registration::taken(&error))?;
    let weaker = Which { below: Some(Assurance::Aal2), ..Which::default() };
    sessions::end(app, &transaction, user_id, weaker, caller.request).await?;
    transaction.commit().await?;
    platform.sessions.forget_user(user_id, version).await;
    contacts::notice(app, user_id, SecurityChange::PasskeyAdded).await;
    Ok(id)
}

fn has_room(passkeys: usize) -> Result<(), Problem> {
    if passkeys < MOST {
        return Ok(());
    }
    Err(Problem::new(StatusCode::CONFLICT, "too_many_passkeys", "This account has as many passkeys as it can")
        .detail("Remove one that is not used any more."))
}

/// Gives a passkey another name.
///
/// # Errors
/// 404 where it is none of the caller's.
pub(crate) async fn rename(app: &App, caller: &Caller, id: Uuid, name: &Label) -> Result<(), Problem> {
    let platform = &app.platform;
    let sealed = labels::seal(platform, caller.user_id(), &field(&id.to_string()), name).await?;
    let entry = AuditEntry::by(caller, "passkey.rename", "passkey", platform.now()).resource(id);
    let found = credentials::rename(&platform.db.scoped(entry), id, &sealed).await?;
    found.then_some(()).ok_or_else(Problem::not_found)
}

/// Removes a passkey: it signs nobody in from here on. What it signed in before stays; the user ends it with
/// `DELETE /api/auth/sessions` where the passkey was lost (OWASP ASVS 5.0, 7.4.3).
///
/// # Errors
/// 403 `step_up_required`; 404 where it is none of the caller's; 409 `last_way_to_sign_in` or as
/// [`factors::still_strong_enough`].
pub(crate) async fn remove(app: &App, caller: &Caller, id: Uuid) -> Result<(), Problem> {
    step_up::require(app, caller).await?;
    let platform = &app.platform;
    let entry = AuditEntry::by(caller, "passkey.remove", "passkey", platform.now()).resource(id);
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    let version = changed(app, &transaction, caller, "passkey_removed", id).await?;
    if !credentials::delete(&transaction, id).await? {
        return Err(Problem::not_found());
    }
    ways::one_is_left(&transaction, caller.user_id()).await?;
    factors::still_strong_enough(app, &transaction, caller.user_id()).await?;
    transaction.commit().await?;
    platform.sessions.forget_user(caller.user_id(), version).await;
    contacts::notice(app, caller.user_id(), SecurityChange::PasskeyRemoved).await;
    Ok(())
}

/// Locks the account, makes what is cached of it old, and writes the event; gives the version to tell the cache.
async fn changed(
    app: &App,
    on: &Transaction<'_>,
    caller: &Caller,
    event: &'static str,
    passkey_id: Uuid,
) -> Result<i64, Problem> {
    let platform = &app.platform;
    step_up::still_here(app, on, caller).await?;
    let version = accounts::raise_security_version(on, caller.user_id(), platform.now()).await?;
    SecurityEvent::new(caller.user_id(), event, Severity::Medium, caller.request)
        .details(json!({"passkey_id": passkey_id}))
        .record(on, &platform.clock)
        .await?;
    Ok(version)
}

/// The field a passkey's name is sealed as.
fn field(row: &str) -> Field<'_> {
    Field { table: "passkey_credentials", column: "name", row }
}
