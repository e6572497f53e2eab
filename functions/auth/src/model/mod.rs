//! Values parsed once.

mod email_address;
mod phone_number;
mod return_to;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use shared::http::Problem;
use shared::identity::Role;
use utoipa::ToSchema;
use uuid::Uuid;

pub use email_address::EmailAddress;
pub use phone_number::PhoneNumber;
pub(crate) use return_to::ReturnTo;

const LONGEST: usize = 64;

/// What a user signs in by: 1 to 64 characters, no spaces around it, no control characters.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Username(String);

impl Username {
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        name(text, "invalid_username", "The username has to be 1 to 64 printable characters").map(Self)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which two usernames are the same.
    pub(crate) fn canonical(&self) -> String {
        self.0.to_lowercase()
    }
}

/// What a user is called: 1 to 64 characters.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DisplayName(String);

impl DisplayName {
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        name(text, "invalid_display_name", "The display name has to be 1 to 64 printable characters").map(Self)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a user calls a passkey or a device: 1 to 64 characters.
#[derive(Clone, Debug)]
pub(crate) struct Label(String);

impl Label {
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        name(text, "invalid_name", "The name has to be 1 to 64 printable characters").map(Self)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn name(text: &str, code: &'static str, title: &'static str) -> Result<String, Problem> {
    let text = text.trim();
    let fits = (1..=LONGEST).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(Problem::bad_request(code, title)) }
}

/// The sealed part of a user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Profile {
    pub(crate) username: Username,
    pub(crate) display_name: DisplayName,
}

/// A user as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserBody {
    /// The user's id.
    id: Uuid,
    /// What the user signs in by.
    username: String,
    /// What the user is called.
    display_name: String,
    /// What the user is to the application.
    #[schema(value_type = String, example = "user")]
    role: Role,
}

impl UserBody {
    pub(crate) fn new(id: Uuid, role: Role, profile: Profile) -> Self {
        Self { id, username: profile.username.0, display_name: profile.display_name.0, role }
    }
}

/// What the page passes on to the user's password manager (WebAuthn Level 3, section 5.1.10): `rp_id` and `user_id` name
/// the account, `accepted_credential_ids` is for `signalAllAcceptedCredentials()`, the names are for
/// `signalCurrentUserDetails()`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Signal {
    /// The relying party's id.
    rp_id: String,
    /// The user handle, in base64url.
    user_id: String,
    /// The credential ids that sign this user in, in base64url; the passkeys of any other may be forgotten.
    accepted_credential_ids: Vec<String>,
    /// What the user signs in by.
    name: String,
    /// What the user is called.
    display_name: String,
}

impl Signal {
    pub(crate) fn new(rp_id: &str, user: &UserBody, credential_ids: &[Vec<u8>]) -> Self {
        Self {
            rp_id: rp_id.to_owned(),
            user_id: URL_SAFE_NO_PAD.encode(user.id.as_bytes()),
            accepted_credential_ids: credential_ids.iter().map(|id| URL_SAFE_NO_PAD.encode(id)).collect(),
            name: user.username.clone(),
            display_name: user.display_name.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(Username::parse(" Ada ").unwrap().as_str(), "Ada");
        assert_eq!(Username::parse("ADA").unwrap().canonical(), "ada");
        for wrong in ["", "   ", "a\u{0}b", "a\nb", &"x".repeat(65)] {
            assert!(Username::parse(wrong).is_err());
            assert!(DisplayName::parse(wrong).is_err());
            assert!(Label::parse(wrong).is_err());
        }
        assert!(DisplayName::parse(&"é".repeat(64)).is_ok());
    }
}
