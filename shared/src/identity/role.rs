//! Roles, what each may do, and assurance levels.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a user is to the application. Each role is a set of permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Owns their own data and nothing else.
    User,
    /// Reads and reports (SpeakSync).
    Radiologist,
    /// Verifies reports (SpeakSync).
    Verifier,
    /// Sees costs (SpeakSync).
    Accounting,
    /// Teaches with de-identified cases (SpeakSync).
    Teaching,
    /// Reads the audit log.
    Auditor,
    /// Administers users and settings.
    Admin,
}

impl Role {
    /// All there are.
    pub const ALL: [Self; 7] =
        [Self::User, Self::Radiologist, Self::Verifier, Self::Accounting, Self::Teaching, Self::Auditor, Self::Admin];

    /// The role's name as the database holds it.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Radiologist => "radiologist",
            Self::Verifier => "verifier",
            Self::Accounting => "accounting",
            Self::Teaching => "teaching",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// What goes beyond one's own data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// See who there is: names, roles, status.
    UsersRead,
    /// Invite, disable, change roles, end sessions.
    UsersWrite,
    /// Change the directory of operators.
    OperatorsWrite,
}

impl Permission {
    /// Its name in the description and in problems.
    pub fn name(self) -> &'static str {
        match self {
            Self::UsersRead => "users:read",
            Self::UsersWrite => "users:write",
            Self::OperatorsWrite => "operators:write",
        }
    }
}

impl Role {
    /// The one table of who may do what. The database's own functions check the role again.
    pub fn may(self, permission: Permission) -> bool {
        match permission {
            Permission::UsersRead | Permission::UsersWrite | Permission::OperatorsWrite => self == Self::Admin,
        }
    }
}

/// Authenticator assurance level of NIST SP 800-63B-4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Assurance {
    /// One factor.
    Aal1,
    /// A passkey with user verification, or a password with a second factor.
    Aal2,
}

impl Assurance {
    /// The level's number.
    pub fn level(self) -> i16 {
        match self {
            Self::Aal1 => 1,
            Self::Aal2 => 2,
        }
    }

    /// The level of that number.
    pub fn from_level(level: i16) -> Option<Self> {
        match level {
            1 => Some(Self::Aal1),
            2 => Some(Self::Aal2),
            _ => None,
        }
    }
}
