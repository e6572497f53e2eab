//! Values parsed once.

mod access_page;
mod consent;
mod email_address;
mod managed_user;
mod name;
mod phone_number;
mod preferences;
mod return_to;
mod user_status;
mod visible;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use shared::identity::Role;
use utoipa::ToSchema;
use uuid::Uuid;

pub(crate) use access_page::{AccessBy, AccessQuery, AccessStart};
pub(crate) use consent::{ConsentText, Purpose, too_many_purposes};
pub use email_address::EmailAddress;
pub use managed_user::ManagedUser;
pub(crate) use name::{DisplayName, Label, Username};
pub use phone_number::PhoneNumber;
pub(crate) use preferences::{Preferences, PreferencesBody, Theme};
pub(crate) use return_to::ReturnTo;
pub(crate) use user_status::UserStatus;

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
    role: Role,
}

impl UserBody {
    pub(crate) fn new(id: Uuid, role: Role, profile: Profile) -> Self {
        Self { id, username: profile.username.into_string(), display_name: profile.display_name.into_string(), role }
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
