//! Sign-in with a discoverable passkey (WebAuthn Level 3, section 7.2).

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::Cookie;
use serde_json::Value;
use shared::data::sessions;
use shared::http::{Problem, check_sign_in};
use shared::identity::{Assurance, RequestMeta, Role, SignedIn};
use shared::ledger::AuditEntry;
use uuid::Uuid;
use webauthn_rs::prelude::{DiscoverableAuthentication, Passkey, PublicKeyCredential};

use super::{Ceremony, profile};
use crate::App;
use crate::model::UserBody;
use crate::store::{credentials, users};

/// The options for `navigator.credentials.get()`, and the cookie of the ceremony.
pub(crate) async fn options(app: &App) -> Result<(Value, Cookie<'static>), Problem> {
    let (challenge, state) = app
        .webauthn
        .start_discoverable_authentication()
        .map_err(|_| Problem::internal("webauthn gave no challenge"))?;
    let options = serde_json::to_value(challenge.public_key)
        .map_err(|_| Problem::internal("authentication options have no JSON form"))?;
    let cookie = Ceremony::Authentication.begin(app, &state).await?;
    Ok((options, cookie))
}

/// Checks the authenticator's answer and signs its user in.
///
/// # Errors
/// 401 `passkey_rejected`, the same for an unknown passkey and a wrong signature; 429 after too many attempts.
pub(crate) async fn verify(
    app: &App,
    request: RequestMeta,
    cookie: Option<&str>,
    answer: &PublicKeyCredential,
) -> Result<(UserBody, SignedIn), Problem> {
    let state: DiscoverableAuthentication = Ceremony::Authentication.take(app, cookie).await?;
    let (user_id, credential) = app.webauthn.identify_discoverable_authentication(answer).map_err(|_| rejected())?;
    check_sign_in(&app.platform, request, &URL_SAFE_NO_PAD.encode(credential)).await?;
    let found = Found::load(app, user_id, credential).await?.ok_or_else(rejected)?;
    let mut passkey = found.passkey;
    let result = app.webauthn.finish_discoverable_authentication_v2(answer, state, &passkey).map_err(|_| rejected())?;
    passkey.update_credential(&result);

    let platform = &app.platform;
    let now = platform.now();
    let signed_in = platform.sessions.begin(user_id, found.role, Assurance::Aal2)?;
    let user = UserBody::new(user_id, found.role, profile::open(platform, user_id, &found.profile).await?);
    let entry = AuditEntry::of(user_id, request, "auth.sign_in", "passkey", now).resource(found.id);
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    credentials::used(&transaction, found.id, &passkey, result.counter(), now).await?;
    sessions::insert(&transaction, &signed_in.session, &signed_in.token.hash()).await?;
    transaction.commit().await?;
    Ok((user, signed_in))
}

struct Found {
    id: Uuid,
    passkey: Passkey,
    role: Role,
    profile: Vec<u8>,
}

impl Found {
    /// What is stored of the user an answer names. Not an access to the user's data yet: the signature is unchecked.
    async fn load(app: &App, user_id: Uuid, credential: &[u8]) -> Result<Option<Self>, Problem> {
        let scope = app.platform.db.unaudited(user_id);
        let Some((id, passkey)) = credentials::find(&scope, credential).await? else { return Ok(None) };
        let Some((role, profile)) = users::find(&scope, user_id).await? else { return Ok(None) };
        Ok(Some(Self { id, passkey, role, profile }))
    }
}

fn rejected() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "passkey_rejected", "This passkey does not sign anyone in")
}
