//! What a passkey signed (WebAuthn Level 3, section 7.2): the same check for a sign-in and for a step-up.

use axum::http::StatusCode;
use serde_json::{Value, json};
use shared::data::Statements;
use shared::http::Problem;
use shared::ledger::{SecurityEvent, Severity};
use uuid::Uuid;
use webauthn_rs::prelude::{DiscoverableAuthentication, Passkey, PublicKeyCredential, WebauthnError};

use super::attempts::{Attempt, Method};
use super::{Client, attempt_buckets};
use crate::App;
use crate::store::credentials;

/// The options for `navigator.credentials.get()` with whichever passkey, and what the answer is checked against.
pub(crate) fn options(app: &App) -> Result<(Value, DiscoverableAuthentication), Problem> {
    let (challenge, state) = app
        .webauthn
        .start_discoverable_authentication()
        .map_err(|_| Problem::internal("webauthn gave no challenge"))?;
    let options = serde_json::to_value(challenge.public_key)
        .map_err(|_| Problem::internal("authentication options have no JSON form"))?;
    Ok((options, state))
}

/// A passkey whose signature was right, with what the use has changed of it.
pub(crate) struct Used {
    pub(crate) id: Uuid,
    pub(crate) attempt: Attempt,
    user_id: Uuid,
    passkey: Passkey,
}

/// Checks an answer in a user's name. What is stored of the passkey changes with [`Used::note`] alone.
///
/// `caller` is who is signed in, nil for nobody. Until the passkey is found to be the user's, that they are meant is the
/// answer's word alone: what is written down of it is in the caller's name, not in theirs.
///
/// # Errors
/// 401 `passkey_unknown` or `passkey_rejected`; 429 after too many attempts.
pub(crate) async fn check(
    app: &App,
    client: &Client,
    user_id: Uuid,
    caller: Uuid,
    state: DiscoverableAuthentication,
    answer: &PublicKeyCredential,
) -> Result<Used, Problem> {
    let platform = &app.platform;
    let credential = answer.get_credential_id();
    let identifier = attempt_buckets::passkey(platform, credential).await?;
    let found = credentials::find(&platform.db.unaudited(user_id), credential).await?;
    let in_name_of = if found.is_some() { user_id } else { caller };
    let attempt = Attempt::begin(app, client, Method::Passkey, in_name_of, Some(identifier)).await?;
    let Some((id, mut passkey)) = found else {
        attempt.failed(app, "rejected").await?;
        return Err(unknown());
    };
    match app.webauthn.finish_discoverable_authentication_v2(answer, state, &passkey) {
        Ok(result) => {
            passkey.update_credential(&result);
            Ok(Used { id, attempt, user_id, passkey })
        }
        // Looked at only after the signature: nobody but the key's holder raises this alarm.
        Err(WebauthnError::CredentialPossibleCompromise) => {
            regressed(app, client, &attempt, user_id, id).await?;
            Err(rejected())
        }
        Err(_) => {
            attempt.failed(app, "rejected").await?;
            Err(rejected())
        }
    }
}

impl Used {
    /// Stores counter, backup flags and time of the use; `false` where another use has overtaken this one, which then
    /// has to be refused with [`Used::overtaken`], once the transaction is rolled back.
    pub(crate) async fn note(&self, app: &App, on: &impl Statements) -> Result<bool, Problem> {
        Ok(credentials::used(on, self.id, &self.passkey, app.platform.now()).await?)
    }

    /// The refusal of a use that came too late: the passkey was deleted meanwhile, or its counter had risen past.
    pub(crate) async fn overtaken(&self, app: &App, client: &Client) -> Problem {
        match self.record_overtaken(app, client).await {
            Ok(()) => rejected(),
            Err(problem) => problem,
        }
    }

    async fn record_overtaken(&self, app: &App, client: &Client) -> Result<(), Problem> {
        let on = app.platform.db.unaudited(self.user_id);
        if credentials::find(&on, self.passkey.cred_id()).await?.is_some() {
            regressed(app, client, &self.attempt, self.user_id, self.id).await
        } else {
            self.attempt.failed(app, "rejected").await
        }
    }
}

/// A counter that has not risen says that there are two copies of the key (WebAuthn Level 3, section 6.1.1). Which of
/// the two this is nobody can tell, so neither gets in with a number that was seen before.
async fn regressed(
    app: &App,
    client: &Client,
    attempt: &Attempt,
    user_id: Uuid,
    passkey_id: Uuid,
) -> Result<(), Problem> {
    attempt.failed(app, "counter_regressed").await?;
    let event = SecurityEvent::new(user_id, "passkey_counter_regressed", Severity::High, client.request)
        .details(json!({"passkey_id": passkey_id}));
    let platform = &app.platform;
    Ok(event.record(&platform.db.unaudited(user_id), &platform.clock).await?)
}

/// 401 for a passkey that is stored but does not sign in: not this challenge, not by this key, not verified.
pub(crate) fn rejected() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "passkey_rejected", TITLE)
}

/// 401 for a passkey that is not stored for the user it names, so that the page can have it forgotten.
///
/// It tells nobody anything: the id is made of 16 random bytes or more by the authenticator, which gives it to this
/// page alone. Who guesses hears the same of every id and every user, there or not.
fn unknown() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "passkey_unknown", TITLE).detail(
        "It was removed here. PublicKeyCredential.signalUnknownCredential() has the password manager forget it.",
    )
}

const TITLE: &str = "This passkey does not sign anyone in";
