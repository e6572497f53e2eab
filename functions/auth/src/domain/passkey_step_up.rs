//! A passkey shown again in a session.

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use shared::http::Problem;
use shared::identity::{Assurance, Caller, SignedIn};
use shared::ledger::AuditEntry;
use webauthn_rs::prelude::{DiscoverableAuthentication, PublicKeyCredential};

use super::{Ceremony, Client, assertion, step_up};
use crate::App;
use crate::store::credentials;

/// The options for `navigator.credentials.get()` with one of the account's passkeys, kept for the session that asks.
///
/// # Errors
/// 409 `no_passkey`.
pub(crate) async fn options(app: &App, caller: &Caller) -> Result<Value, Problem> {
    let platform = &app.platform;
    let entry = AuditEntry::by(caller, "auth.step_up.options", "passkey", platform.now());
    let ids = credentials::ids(&platform.db.scoped(entry)).await?;
    if ids.is_empty() {
        return Err(Problem::new(StatusCode::CONFLICT, "no_passkey", "This account has no passkey")
            .detail("Step up with a code or the password."));
    }
    let (mut options, state) = assertion::options(app)?;
    options["allowCredentials"] =
        ids.iter().map(|id| json!({"type": "public-key", "id": URL_SAFE_NO_PAD.encode(id)})).collect();
    Ceremony::StepUp.begin_in(app, caller.session().id, &state).await?;
    Ok(options)
}

/// Checks the authenticator's answer and strengthens the session.
///
/// # Errors
/// 400 `ceremony_expired`; 401 `passkey_unknown` or `passkey_rejected`; 429 after too many attempts.
pub(crate) async fn verify(
    app: &App,
    client: &Client,
    caller: &Caller,
    answer: &PublicKeyCredential,
) -> Result<SignedIn, Problem> {
    let user_id = caller.user_id();
    let state: DiscoverableAuthentication = Ceremony::StepUp.take_in(app, caller.session().id).await?;
    // The user is known before: an answer in another's name is refused (WebAuthn Level 3, section 7.2, step 6).
    if answer.get_user_unique_id().is_some_and(|handle| handle != user_id.as_bytes()) {
        return Err(assertion::rejected());
    }
    let used = assertion::check(app, client, user_id, user_id, state, answer).await?;
    let mut connection = app.platform.db.connection().await?;
    let transaction = connection.begin(&step_up::entry(app, caller)).await?;
    let methods = ["hwk".into(), "user".into()];
    let stronger = step_up::strengthen(app, &transaction, caller, &methods, Assurance::Aal2).await?;
    if !used.note(app, &transaction).await? {
        drop(transaction);
        drop(connection);
        return Err(used.overtaken(app, client).await);
    }
    used.attempt.proved(app, &transaction, "stepped_up").await?;
    transaction.commit().await?;
    Ok(stronger.told(app).await)
}
