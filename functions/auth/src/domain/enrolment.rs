//! Making a passkey (WebAuthn Level 3, section 7.1): for a new user, for one who adds another, for one who recovers.

use serde_json::{Value, json};
use shared::http::Problem;
use uuid::Uuid;
use webauthn_rs::prelude::{Passkey, PasskeyRegistration, RegisterPublicKeyCredential};

use crate::App;
use crate::model::Profile;

/// WebAuthn Level 3, section 7.1, step 25.
const LONGEST_CREDENTIAL_ID: usize = 1023;

/// The options for `navigator.credentials.create()`, and what the answer is checked against. `known` are the credential
/// ids the user has already: an authenticator that holds one of them makes no other.
pub(crate) fn options(
    app: &App,
    user_id: Uuid,
    profile: &Profile,
    known: &[Vec<u8>],
) -> Result<(Value, PasskeyRegistration), Problem> {
    let (challenge, registration) = app
        .webauthn
        .start_passkey_registration(
            user_id,
            profile.username.as_str(),
            profile.display_name.as_str(),
            Some(known.to_vec()),
        )
        .map_err(|_| Problem::internal("webauthn gave no challenge"))?;
    let mut options = serde_json::to_value(challenge.public_key)
        .map_err(|_| Problem::internal("registration options have no JSON form"))?;
    // Sign-in asks for no username, so the authenticator has to keep the credential itself.
    options["authenticatorSelection"]["residentKey"] = json!("required");
    options["authenticatorSelection"]["requireResidentKey"] = json!(true);
    Ok((options, registration))
}

/// The passkey that was made.
///
/// # Errors
/// 400 `passkey_rejected`.
pub(crate) fn finish(
    app: &App,
    answer: &RegisterPublicKeyCredential,
    registration: &PasskeyRegistration,
) -> Result<Passkey, Problem> {
    let passkey = app.webauthn.finish_passkey_registration(answer, registration).map_err(|_| {
        Problem::bad_request("passkey_rejected", "The authenticator's answer does not fit the challenge")
    })?;
    if passkey.cred_id().len() > LONGEST_CREDENTIAL_ID {
        return Err(Problem::bad_request("passkey_rejected", "The authenticator's credential id is too long"));
    }
    Ok(passkey)
}
