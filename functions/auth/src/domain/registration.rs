//! Registration of a new user with a passkey (WebAuthn Level 3, section 7.1).

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::config::Registration;
use shared::data::DbError;
use shared::http::Problem;
use shared::identity::{Assurance, Role, SessionToken};
use shared::ledger::AuditEntry;
use shared::vault::BlindIndex;
use uuid::Uuid;
use webauthn_rs::prelude::{Passkey, PasskeyRegistration, RegisterPublicKeyCredential};

use super::sign_in::{self, Proven, SessionMode, Welcome};
use super::usernames::{self, Asking};
use super::{Ceremony, Client, enrolment, profile};
use crate::App;
use crate::model::{Profile, Signal};
use crate::store::accounts::{Account, Status};
use crate::store::{credentials, users};

#[derive(Serialize, Deserialize)]
struct State {
    user_id: Uuid,
    profile: Profile,
    registration: PasskeyRegistration,
}

/// The options for `navigator.credentials.create()`, and the ceremony's secret.
///
/// Nothing is said of whether the username is taken: that comes out only with a passkey made.
pub(crate) async fn options(app: &App, profile: Profile) -> Result<(Value, SessionToken), Problem> {
    if app.platform.settings.sign_in.registration != Registration::Open {
        return Err(Problem::forbidden("registration_closed", "Nobody can register with a passkey alone here").detail(
            "Register with an email address or phone number, or ask for an invitation; add the passkey then.",
        ));
    }
    let user_id = app.platform.new_id()?;
    let (options, registration) = enrolment::options(app, user_id, &profile, &[])?;
    let secret = Ceremony::Registration.begin(app, &State { user_id, profile, registration }).await?;
    Ok((options, secret))
}

/// Checks the authenticator's answer, stores the user and the passkey, and signs the user in.
///
/// # Errors
/// 400 `passkey_rejected` or `ceremony_expired`; 409 `username_taken` or `passkey_known`; 429.
pub(crate) async fn verify(
    app: &App,
    client: &Client,
    cookie: Option<&str>,
    answer: &RegisterPublicKeyCredential,
    mode: SessionMode,
) -> Result<Welcome, Problem> {
    let state: State = Ceremony::Registration.take(app, cookie).await?;
    let passkey = enrolment::finish(app, answer, &state.registration)?;
    let asking = Asking::begin(app, client, &state.profile.username).await?;
    let mut welcome = asking.ended(app, store(app, client, &state, &asking.index, &passkey, mode).await).await?;
    welcome.ceremony = Some(Ceremony::Registration);
    let accepted = [passkey.cred_id().clone()];
    welcome.signal = Some(Signal::new(&app.platform.settings.relying_party.id, &welcome.user, &accepted));
    Ok(welcome)
}

/// One transaction: a taken username or a known passkey undoes all of it.
async fn store(
    app: &App,
    client: &Client,
    state: &State,
    username: &BlindIndex,
    passkey: &Passkey,
    mode: SessionMode,
) -> Result<Welcome, Problem> {
    let platform = &app.platform;
    let now = platform.now();
    usernames::is_free(app, username).await?;
    let sealed = profile::seal(platform, state.user_id, &state.profile).await?;
    let entry = AuditEntry::of(state.user_id, client.request, "auth.register", "user", now).resource(state.user_id);

    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    users::insert(&transaction, state.user_id, username, &sealed, now).await.map_err(|error| taken(&error))?;
    credentials::insert(&transaction, platform.new_id()?, state.user_id, passkey, None, now)
        .await
        .map_err(|error| taken(&error))?;
    let methods = vec!["hwk".into(), "user".into()];
    let proven = Proven { user_id: state.user_id, methods, assurance: Assurance::Aal2, mode };
    let account = Account::new(Role::User, Status::Active, sealed);
    let begun = sign_in::begin(app, &transaction, client, &proven, &account, None).await?;
    transaction.commit().await?;
    begun.welcome(app, client, &account).await
}

/// 409 for what another has already.
pub(crate) fn taken(error: &DbError) -> Problem {
    if error.violates(users::USERNAME_TAKEN) {
        usernames::taken()
    } else if error.violates(credentials::PASSKEY_KNOWN) {
        Problem::new(StatusCode::CONFLICT, "passkey_known", "This passkey is registered already")
    } else {
        error.clone().into()
    }
}
