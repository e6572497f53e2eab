//! Registration with a password, by a username alone or with an address that has to be proved.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::config::Registration;
use shared::data::Transaction;
use shared::http::Problem;
use shared::identity::{Assurance, Role, SessionToken};
use shared::ledger::AuditEntry;
use shared::vault::BlindIndex;
use uuid::Uuid;

use super::attempts::{Attempt, Method};
use super::ceremony::CEREMONY;
use super::contacts::{self, Address};
use super::passwords::NewHash;
use super::registration::taken;
use super::sign_in::{self, Proven, SessionMode, Welcome};
use super::usernames::{self, Asking};
use super::{Ceremony, Client, codes, profile, sms_budget};
use crate::App;
use crate::delivery::{CodePurpose, Template};
use crate::model::Profile;
use crate::password::Password;
use crate::store::accounts::{self, Account, Status};
use crate::store::users;

/// Who wants an account.
pub(crate) struct NewAccount {
    pub(crate) profile: Profile,
    pub(crate) password: Password,
    /// The first is proved; the others are stored as they were given.
    pub(crate) addresses: Vec<Address>,
    pub(crate) mode: SessionMode,
}

/// What came of a registration.
pub(crate) enum Registered {
    /// There is a user, signed in.
    SignedIn(Box<Welcome>),
    /// A code was sent to the address.
    Verify {
        /// What the code is given back with.
        challenge: SessionToken,
        /// Until when.
        expires_at: Timestamp,
    },
}

/// A registration whose address is not proved yet.
#[derive(Serialize, Deserialize)]
struct Pending {
    user_id: Uuid,
    profile: Profile,
    hash: NewHash,
    addresses: Vec<Address>,
}

/// Registers a user. With an address the answer says nothing of which names and addresses there are: a code goes to
/// the address, and where it is known a message that says so.
///
/// # Errors
/// 403 `registration_closed` or `address_required`; 400 for the password; 409 `username_taken` without an address.
pub(crate) async fn register(app: &App, client: &Client, new: NewAccount) -> Result<Registered, Problem> {
    let platform = &app.platform;
    match platform.settings.sign_in.registration {
        Registration::Closed => {
            return Err(Problem::forbidden("registration_closed", "Accounts are made by invitation here")
                .detail("Ask an administrator for one."));
        }
        Registration::Address if new.addresses.is_empty() => {
            return Err(Problem::forbidden("address_required", "An account needs an address here")
                .detail("Send an email address or a phone number."));
        }
        _ => {}
    }
    let user_id = platform.new_id()?;
    let mut about = vec![new.profile.username.as_str(), new.profile.display_name.as_str()];
    about.extend(new.addresses.iter().map(Address::as_str));
    let hash = NewHash::judge(app, user_id, &new.password, &about, false).await?;
    let pending = Pending { user_id, profile: new.profile, hash, addresses: new.addresses };
    match pending.addresses.first() {
        Some(address) => ask_for_proof(app, client, address, &pending).await,
        None => register_at_once(app, client, &pending, new.mode).await,
    }
}

async fn register_at_once(
    app: &App,
    client: &Client,
    pending: &Pending,
    mode: SessionMode,
) -> Result<Registered, Problem> {
    let asking = Asking::begin(app, client, &pending.profile.username).await?;
    let registered = make(app, client, pending, &asking.index, mode, None).await;
    let welcome = asking.ended(app, registered).await?;
    Ok(Registered::SignedIn(Box::new(welcome)))
}

async fn ask_for_proof(
    app: &App,
    client: &Client,
    address: &Address,
    pending: &Pending,
) -> Result<Registered, Problem> {
    let platform = &app.platform;
    let index = address.index(platform).await?;
    Attempt::begin(app, client, Method::Sending, Uuid::nil(), Some(index)).await?;
    sms_budget::spend_on(app, address).await?;
    let known = accounts::find_id(&platform.db.unscoped(), address.kind(), &index).await?;
    let challenge = Ceremony::Verification.begin(app, pending).await?;
    let on = platform.db.unaudited(Uuid::nil());
    let code = codes::issue(app, &on, Uuid::nil(), &purpose(&challenge.reveal())).await?;
    let template = if known.is_some() {
        // The code stays here: nobody can end this registration.
        Template::RegistrationKnown
    } else {
        Template::Code { code, purpose: CodePurpose::Registration, valid_for: codes::LIFETIME.unsigned_abs() }
    };
    app.delivery.send(platform, Uuid::nil(), address.message(template)).await?;
    Ok(Registered::Verify { challenge, expires_at: platform.now() + CEREMONY })
}

/// Ends a registration by the code that was sent.
///
/// # Errors
/// 400 `code_invalid` or `ceremony_expired`; 409 `username_taken` or `address_taken`; 429.
pub(crate) async fn verify(
    app: &App,
    client: &Client,
    challenge: &str,
    code: &str,
    mode: SessionMode,
) -> Result<Welcome, Problem> {
    let pending: Pending = Ceremony::Verification.look(app, challenge).await?;
    let on = app.platform.db.unaudited(Uuid::nil());
    let address = pending.addresses.first().ok_or_else(|| Problem::internal("a registration has no address"))?;
    // Counted by the address, so that many challenges together give no more guesses at its codes.
    let index = address.index(&app.platform).await?;
    let attempt = Attempt::begin(app, client, Method::AddressCode, Uuid::nil(), Some(index)).await?;
    if !codes::take(app, &on, Uuid::nil(), &purpose(challenge), code).await? {
        attempt.failed(app, "wrong_code").await?;
        return Err(codes::invalid());
    }
    attempt.succeeded(app, &on, "verified").await?;
    // Who proves addresses one after the other hears of one name with each: no more of them than without an address.
    let asking = Asking::begin(app, client, &pending.profile.username).await?;
    let registered = make(app, client, &pending, &asking.index, mode, Some(challenge)).await;
    asking.ended(app, registered).await
}

async fn make(
    app: &App,
    client: &Client,
    pending: &Pending,
    username: &BlindIndex,
    mode: SessionMode,
    challenge: Option<&str>,
) -> Result<Welcome, Problem> {
    let (platform, user_id, now) = (&app.platform, pending.user_id, app.platform.now());
    usernames::is_free(app, username).await?;
    let sealed = profile::seal(platform, user_id, &pending.profile).await?;
    let entry = AuditEntry::of(user_id, client.request, "auth.register", "user", now).resource(user_id);
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    if let Some(challenge) = challenge {
        Ceremony::Verification.end(app, &transaction, challenge).await?;
    }
    users::insert(&transaction, user_id, username, &sealed, now).await.map_err(|error| taken(&error))?;
    pending.hash.set(app, &transaction, user_id).await?;
    store_addresses(app, &transaction, user_id, &pending.addresses).await?;
    let proven = Proven { user_id, methods: vec!["pwd".into()], assurance: Assurance::Aal1, mode };
    let account = Account::new(Role::User, Status::Active, sealed);
    let begun = sign_in::begin(app, &transaction, client, &proven, &account, None).await?;
    transaction.commit().await?;
    begun.welcome(app, client, &account).await
}

/// The first address was proved by the code; the others wait for theirs.
async fn store_addresses(app: &App, on: &Transaction<'_>, user_id: Uuid, addresses: &[Address]) -> Result<(), Problem> {
    for (place, address) in addresses.iter().enumerate() {
        contacts::store(app, on, user_id, address, place == 0).await?;
    }
    Ok(())
}

fn purpose(challenge: &str) -> String {
    format!("registration {}", shared::identity::TokenHash::of(challenge.as_bytes()).cache_key())
}
