//! Registration of a new user with a passkey (WebAuthn Level 3, section 7.1).

use axum::http::StatusCode;
use cookie::Cookie;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::data::{DbError, sessions};
use shared::http::Problem;
use shared::identity::{Assurance, RequestMeta, Role, SignedIn};
use shared::ledger::AuditEntry;
use uuid::Uuid;
use webauthn_rs::prelude::{Passkey, PasskeyRegistration, RegisterPublicKeyCredential};

use super::{Ceremony, profile};
use crate::App;
use crate::model::{Profile, UserBody};
use crate::store::{credentials, users};

/// WebAuthn Level 3, section 7.1, step 25.
const LONGEST_CREDENTIAL_ID: usize = 1023;

#[derive(Serialize, Deserialize)]
struct State {
    user_id: Uuid,
    profile: Profile,
    registration: PasskeyRegistration,
}

/// The options for `navigator.credentials.create()`, and the cookie of the ceremony.
///
/// Nothing is said of whether the username is taken: that comes out only with a passkey made.
pub(crate) async fn options(app: &App, profile: Profile) -> Result<(Value, Cookie<'static>), Problem> {
    let user_id = app.platform.new_id()?;
    let (challenge, registration) = app
        .webauthn
        .start_passkey_registration(user_id, profile.username.as_str(), profile.display_name.as_str(), None)
        .map_err(|_| Problem::internal("webauthn gave no challenge"))?;
    let mut options = serde_json::to_value(challenge.public_key)
        .map_err(|_| Problem::internal("registration options have no JSON form"))?;
    // Sign-in asks for no username, so the authenticator has to keep the credential itself.
    options["authenticatorSelection"]["residentKey"] = json!("required");
    options["authenticatorSelection"]["requireResidentKey"] = json!(true);
    let cookie = Ceremony::Registration.begin(app, &State { user_id, profile, registration }).await?;
    Ok((options, cookie))
}

/// Checks the authenticator's answer, stores the user and the passkey, and signs the user in.
///
/// # Errors
/// 400 `passkey_rejected` or `ceremony_expired`; 409 `username_taken` or `passkey_known`.
pub(crate) async fn verify(
    app: &App,
    request: RequestMeta,
    cookie: Option<&str>,
    answer: &RegisterPublicKeyCredential,
) -> Result<(UserBody, SignedIn), Problem> {
    let state: State = Ceremony::Registration.take(app, cookie).await?;
    let passkey = app.webauthn.finish_passkey_registration(answer, &state.registration).map_err(|_| {
        Problem::bad_request("passkey_rejected", "The authenticator's answer does not fit the challenge")
    })?;
    if passkey.cred_id().len() > LONGEST_CREDENTIAL_ID {
        return Err(Problem::bad_request("passkey_rejected", "The authenticator's credential id is too long"));
    }
    let signed_in = app.platform.sessions.begin(state.user_id, Role::User, Assurance::Aal2)?;
    store(app, request, &state, &passkey, &signed_in).await?;
    Ok((UserBody::new(state.user_id, Role::User, state.profile), signed_in))
}

/// One transaction: a taken username or a known passkey undoes all of it.
async fn store(
    app: &App,
    request: RequestMeta,
    state: &State,
    passkey: &Passkey,
    signed_in: &SignedIn,
) -> Result<(), Problem> {
    let platform = &app.platform;
    let now = platform.now();
    let username = state.profile.username.canonical();
    let index = platform.vault.blind_index(&platform.db, "users.username", None, &username).await?;
    let sealed = profile::seal(platform, state.user_id, &state.profile).await?;
    let entry = AuditEntry::of(state.user_id, request, "auth.register", "user", now).resource(state.user_id);

    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    users::insert(&transaction, state.user_id, &index, &sealed, now).await.map_err(|error| taken(&error))?;
    credentials::insert(&transaction, platform.new_id()?, state.user_id, passkey, now)
        .await
        .map_err(|error| taken(&error))?;
    sessions::insert(&transaction, &signed_in.session, &signed_in.token.hash()).await?;
    Ok(transaction.commit().await?)
}

fn taken(error: &DbError) -> Problem {
    if error.violates(users::USERNAME_TAKEN) {
        Problem::new(StatusCode::CONFLICT, "username_taken", "This username is taken")
    } else if error.violates(credentials::PASSKEY_KNOWN) {
        Problem::new(StatusCode::CONFLICT, "passkey_known", "This passkey is registered already")
    } else {
        error.clone().into()
    }
}
