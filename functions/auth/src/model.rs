//! Values parsed once.

use serde::{Deserialize, Serialize};
use shared::http::Problem;
use shared::identity::Role;
use utoipa::ToSchema;
use uuid::Uuid;

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
        }
        assert!(DisplayName::parse(&"é".repeat(64)).is_ok());
    }
}
