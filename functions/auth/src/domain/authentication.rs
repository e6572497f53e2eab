//! Sign-in with a discoverable passkey (WebAuthn Level 3, section 7.2).

use serde_json::Value;
use shared::http::Problem;
use shared::identity::{Assurance, SessionToken};
use shared::ledger::AuditEntry;
use uuid::Uuid;
use webauthn_rs::prelude::{DiscoverableAuthentication, PublicKeyCredential};

use super::assertion::{self, Used};
use super::sign_in::{self, Proven, SessionMode, Welcome};
use super::{Ceremony, Client, devices};
use crate::App;
use crate::model::Signal;
use crate::store::credentials;

/// The options for `navigator.credentials.get()`, and the ceremony's secret.
pub(crate) async fn options(app: &App) -> Result<(Value, SessionToken), Problem> {
    let (options, state) = assertion::options(app)?;
    let secret = Ceremony::Authentication.begin(app, &state).await?;
    Ok((options, secret))
}

/// Checks the authenticator's answer and signs its user in. A passkey with user verification is two factors: no other
/// is asked for.
///
/// # Errors
/// 401 `passkey_unknown` or `passkey_rejected`; 429 after too many attempts.
pub(crate) async fn verify(
    app: &App,
    client: &Client,
    cookie: Option<&str>,
    answer: &PublicKeyCredential,
    mode: SessionMode,
) -> Result<Welcome, Problem> {
    let state: DiscoverableAuthentication = Ceremony::Authentication.take(app, cookie).await?;
    let (user_id, _) = app.webauthn.identify_discoverable_authentication(answer).map_err(|_| assertion::rejected())?;
    let used = assertion::check(app, client, user_id, Uuid::nil(), state, answer).await?;
    store(app, client, user_id, &used, mode).await
}

async fn store(app: &App, client: &Client, user_id: Uuid, used: &Used, mode: SessionMode) -> Result<Welcome, Problem> {
    let platform = &app.platform;
    let account = sign_in::open_account(&platform.db.unaudited(user_id), user_id).await?;
    devices::prepare(app, user_id).await?;
    let methods = vec!["hwk".into(), "user".into()];
    let proven = Proven { user_id, methods, assurance: Assurance::Aal2, mode };
    let entry = AuditEntry::of(user_id, client.request, "auth.sign_in", "passkey", platform.now()).resource(used.id);
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    if !used.note(app, &transaction).await? {
        drop(transaction);
        drop(connection);
        return Err(used.overtaken(app, client).await);
    }
    let begun = sign_in::begin(app, &transaction, client, &proven, &account, Some(&used.attempt)).await?;
    let accepted = credentials::ids(&transaction).await?;
    transaction.commit().await?;
    let mut welcome = begun.welcome(app, client, &account).await?;
    welcome.ceremony = Some(Ceremony::Authentication);
    welcome.signal = Some(Signal::new(&platform.settings.relying_party.id, &welcome.user, &accepted));
    Ok(welcome)
}
