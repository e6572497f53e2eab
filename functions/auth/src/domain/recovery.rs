//! The way back into an account, and the first way into one that was made by somebody else: a link that is used once
//! (NIST SP 800-63B-4, section 4.2). A second factor stays in force.

use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::data::Transaction;
use shared::http::Problem;
use shared::identity::{RequestMeta, SessionToken, TokenHash};
use shared::ledger::{AuditEntry, SecurityEvent, Severity};
use uuid::Uuid;
use webauthn_rs::prelude::{Passkey, PasskeyRegistration, RegisterPublicKeyCredential};

use super::attempts::{self, Attempt, Method};
use super::contacts::{self, Address};
use super::passwords::{self, NewHash};
use super::second_factor::{self, Factor, Sent};
use super::{Ceremony, Client, enrolment, links, profile, sessions};
use crate::App;
use crate::delivery::{CodePurpose, Message, SecurityChange, Template};
use crate::model::EmailAddress;
use crate::password::Password;
use crate::store::accounts::{self, Account, Status};
use crate::store::sessions::Which;
use crate::store::{api_keys, contacts as contact_rows, credentials, devices, recoveries};

/// How long a link holds that somebody asked for.
const RECOVERY: SignedDuration = SignedDuration::from_mins(30);

/// Sends a link to an address. Where nobody has proved it, a message says so: the answer, the work and the number of
/// messages are the same.
///
/// # Errors
/// 429; 503 where no provider takes the message.
pub(crate) async fn request(app: &App, client: &Client, email: EmailAddress) -> Result<(), Problem> {
    let platform = &app.platform;
    let address = Address::Email(email.clone());
    let index = address.index(platform).await?;
    Attempt::begin(app, client, Method::Sending, Uuid::nil(), Some(index)).await?;
    let found = accounts::find_id(&platform.db.unscoped(), "email", &index).await?;
    let user_id = found.unwrap_or_default();
    let on = platform.db.unaudited(user_id);
    let link = links::New { user_id, contact_id: None, vouched: false, page: "recover", holds: RECOVERY };
    let link = links::open(app, &on, client.request, &link).await?;
    let valid_for = RECOVERY.unsigned_abs();
    let template = match found {
        Some(_) => Template::Recovery { link, valid_for },
        None => Template::RecoveryUnknown,
    };
    let event = SecurityEvent::new(user_id, "recovery_requested", Severity::Low, client.request);
    event.record(&on, &platform.clock).await?;
    // In nobody's name, known or not: the user's own key might have to be fetched first, and the time would tell.
    app.delivery.send(platform, Uuid::nil(), Message::email(email, template)).await
}

/// What the user sets in place of what was lost.
pub(crate) enum Replacement {
    Password(Password),
    Passkey(Box<RegisterPublicKeyCredential>),
}

/// The second factor, where one is enrolled.
pub(crate) struct SecondFactor<'a> {
    pub(crate) factor: Factor,
    pub(crate) code: &'a str,
}

/// What came of using a link.
pub(crate) enum Recovered {
    /// The account is open again; sign in.
    Done,
    /// A second factor is due: the link still holds.
    SecondFactor(Vec<String>),
}

/// A link's user, before it is used.
struct Linked {
    user_id: Uuid,
    secret: TokenHash,
    vouched: bool,
    account: Account,
}

/// Uses a link: sets the password or adds the passkey, ends every session and API key, and tells every address on file.
///
/// # Errors
/// 400 `link_invalid`, `code_invalid`, or for the password or passkey; 403 `account_disabled` or `mailbox_not_enough`; 429.
pub(crate) async fn complete(
    app: &App,
    client: &Client,
    token: &str,
    replacement: &Replacement,
    second: Option<SecondFactor<'_>>,
) -> Result<Recovered, Problem> {
    let linked = find(app, token).await?;
    let Linked { user_id, account, .. } = &linked;
    // Before a code is asked for or used up.
    if let Replacement::Password(password) = replacement {
        passwords::acceptable(app, *user_id, account, password).await?;
    }
    let due = due(account);
    let attempt = match (due.is_empty(), second) {
        (true, _) => None,
        (false, None) => return Ok(Recovered::SecondFactor(due)),
        (false, Some(second)) if second.factor == Factor::Email => return Ok(Recovered::SecondFactor(due)),
        (false, Some(second)) => {
            Some(second_factor::check(app, client, *user_id, second.factor, second.code, token).await?)
        }
    };
    let new = match replacement {
        Replacement::Password(password) => New::Hash(passwords::judged(app, *user_id, account, password).await?),
        Replacement::Passkey(answer) => {
            let registration: PasskeyRegistration = Ceremony::Recovery.take_in(app, linked.ceremony()).await?;
            New::Passkey(Box::new(enrolment::finish(app, answer, &registration)?))
        }
    };
    let recovered = store(app, client, &linked, &new, attempt.as_ref()).await?;
    // Who opens an account for the first time has nothing to hear of.
    if matches!(recovered, Recovered::Done) && account.status != Status::Invited {
        contacts::tell_all(app, *user_id, SecurityChange::RecoveryCompleted).await;
    }
    Ok(recovered)
}

enum New {
    Hash(NewHash),
    Passkey(Box<Passkey>),
}

async fn store(
    app: &App,
    client: &Client,
    linked: &Linked,
    new: &New,
    attempt: Option<&Attempt>,
) -> Result<Recovered, Problem> {
    let (platform, user_id, now) = (&app.platform, linked.user_id, app.platform.now());
    let action = if linked.account.status == Status::Invited { "user.open" } else { "auth.recover" };
    let entry = AuditEntry::of(user_id, client.request, action, "user", now).resource(user_id);
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    let version = accounts::raise_security_version(&transaction, user_id, now).await?;
    let proved = recoveries::take(&transaction, user_id, &linked.secret, now).await?.ok_or_else(link_invalid)?;
    // Read again under the lock: it may have been disabled or got a second factor since.
    let account = accounts::load(&transaction, user_id).await?.ok_or_else(link_invalid)?;
    may_recover(&account)?;
    let due = due(&account);
    if attempt.is_none() && !due.is_empty() {
        return Ok(Recovered::SecondFactor(due));
    }
    match new {
        New::Hash(hash) => hash.set(app, &transaction, user_id).await?,
        New::Passkey(passkey) => {
            mailbox_is_enough(app, linked.vouched, &account)?;
            credentials::insert(&transaction, platform.new_id()?, user_id, passkey, None, now)
                .await
                .map_err(|error| super::registration::taken(&error))?;
        }
    }
    if let Some(contact_id) = proved {
        contact_rows::verify(&transaction, contact_id, now).await.map_err(|error| contacts::refused(&error))?;
    }
    if account.status == Status::Invited {
        accounts::set_status(&transaction, user_id, Status::Active, now).await?;
    }
    match attempt {
        Some(attempt) => attempt.proved(app, &transaction, "recovered").await?,
        None => attempts::clear(app, &transaction, user_id).await?,
    }
    end(app, client, &transaction, user_id, account.status).await?;
    transaction.commit().await?;
    platform.sessions.forget_user(user_id, version).await;
    Ok(Recovered::Done)
}

async fn end(app: &App, client: &Client, on: &Transaction<'_>, user_id: Uuid, was: Status) -> Result<(), Problem> {
    sessions::end(app, on, user_id, Which::default(), client.request).await?;
    devices::distrust(on, user_id, None).await?;
    let keys = api_keys::revoke_all(on, user_id, app.platform.now()).await?;
    let (kind, severity) = match was {
        Status::Invited => ("account_opened", Severity::Low),
        Status::Active | Status::Disabled => ("recovery_completed", Severity::High),
    };
    let event = SecurityEvent::new(user_id, kind, severity, client.request);
    Ok(event.details(json!({"api_keys_revoked": keys})).record(on, &app.platform.clock).await?)
}

/// Options to make a passkey by a link, which stays unused.
///
/// # Errors
/// 400 `link_invalid`; 403 `account_disabled` or `mailbox_not_enough`.
pub(crate) async fn options(app: &App, request: RequestMeta, token: &str) -> Result<Value, Problem> {
    let linked = find(app, token).await?;
    mailbox_is_enough(app, linked.vouched, &linked.account)?;
    let platform = &app.platform;
    let entry = AuditEntry::of(linked.user_id, request, "auth.recovery.options", "user", platform.now());
    let known = credentials::ids(&platform.db.scoped(entry.resource(linked.user_id))).await?;
    let profile = profile::open(platform, linked.user_id, &linked.account.profile).await?;
    let (options, registration) = enrolment::options(app, linked.user_id, &profile, &known)?;
    Ceremony::Recovery.begin_in(app, linked.ceremony(), &registration).await?;
    Ok(options)
}

/// Sends the code of a second factor that a link asks for.
///
/// # Errors
/// 400 `link_invalid` or `factor_unknown`; 429; 503.
pub(crate) async fn send(app: &App, client: &Client, token: &str, factor: Factor) -> Result<Sent, Problem> {
    let linked = find(app, token).await?;
    if !due(&linked.account).iter().any(|due| due == factor.name()) {
        return Err(second_factor::unknown());
    }
    second_factor::send(app, client, linked.user_id, factor, CodePurpose::Recovery, token).await
}

/// The second factors a link does not stand in for: it came by email, so a code by email would prove nothing more.
fn due(account: &Account) -> Vec<String> {
    let mut due: Vec<String> = account.factors.iter().filter(|factor| *factor != "email").cloned().collect();
    if !due.is_empty() && account.backup_codes > 0 {
        due.push("backup_code".into());
    }
    due
}

async fn find(app: &App, token: &str) -> Result<Linked, Problem> {
    let platform = &app.platform;
    let secret = SessionToken::parse(token).ok_or_else(link_invalid)?.hash();
    let user_id = recoveries::find_user(&platform.db.unscoped(), &secret, platform.now()).await?;
    // The link of a message to nobody was never sent.
    let user_id = user_id.filter(|id| !id.is_nil()).ok_or_else(link_invalid)?;
    let on = platform.db.unaudited(user_id);
    let account = accounts::load(&on, user_id).await?.ok_or_else(link_invalid)?;
    let vouched = recoveries::is_vouched(&on, &secret).await?.ok_or_else(link_invalid)?;
    may_recover(&account)?;
    Ok(Linked { user_id, secret, vouched, account })
}

fn may_recover(account: &Account) -> Result<(), Problem> {
    if account.status == Status::Disabled {
        return Err(Problem::forbidden("account_disabled", "This account is disabled")
            .detail("An administrator has disabled it. Ask one to enable it."));
    }
    Ok(())
}

/// Where the role needs a second factor, whoever reads the user's mail must not get a passkey for it, which is two: see
/// docs/adr/0007. A second factor that is shown is enough, and so is an account that has none to lose yet.
fn mailbox_is_enough(app: &App, vouched: bool, account: &Account) -> Result<(), Problem> {
    let needs_two = app.platform.settings.sign_in.mfa_roles.contains(&account.role);
    if vouched || !needs_two || account.passkeys == 0 || !due(account).is_empty() {
        return Ok(());
    }
    Err(Problem::forbidden("mailbox_not_enough", "An email alone does not replace this account's passkey")
        .detail("The role needs a second factor. Ask the operator for a link: `ward user link` makes one."))
}

impl Linked {
    /// What the link's ceremony is known by.
    fn ceremony(&self) -> Uuid {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.secret.as_bytes()[..16]);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

fn link_invalid() -> Problem {
    Problem::bad_request("link_invalid", "This link does not work any more")
        .detail("A link is used once, within the time its message names. Ask for another.")
}
