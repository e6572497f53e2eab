//! Scopes: what an API key may do.

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use crate::described::one_of;

/// A part of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// `/api/storage`.
    Storage,
    /// `/api/files`.
    Files,
    /// `/api/chats`.
    Chat,
    /// `/api/usage`.
    Usage,
    /// The account itself: who it is, its sessions, devices and factors.
    Account,
    /// `/api/preferences`.
    Preferences,
    /// `/api/users`.
    Users,
    /// `/api/github`.
    Github,
    /// `/api/operators`.
    Operators,
}

/// Leave to read or to change one area. The one does not bring the other: a device that sends measurements need not be
/// able to read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub struct Scope {
    area: Area,
    write: bool,
}

const fn read(area: Area) -> Scope {
    Scope { area, write: false }
}

const fn write(area: Area) -> Scope {
    Scope { area, write: true }
}

/// All there are. An account is changed by its user alone, so no scope allows that.
const NAMED: [(&str, Scope); 16] = [
    ("storage:read", read(Area::Storage)),
    ("storage:write", write(Area::Storage)),
    ("files:read", read(Area::Files)),
    ("files:write", write(Area::Files)),
    ("chat:read", read(Area::Chat)),
    ("chat:write", write(Area::Chat)),
    ("usage:read", read(Area::Usage)),
    ("account:read", read(Area::Account)),
    ("preferences:read", read(Area::Preferences)),
    ("preferences:write", write(Area::Preferences)),
    ("users:read", read(Area::Users)),
    ("users:write", write(Area::Users)),
    ("github:read", read(Area::Github)),
    ("github:write", write(Area::Github)),
    ("operators:read", read(Area::Operators)),
    ("operators:write", write(Area::Operators)),
];

impl Scope {
    /// The names there are.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMED.iter().map(|(name, _)| *name)
    }

    /// The scope of that name.
    pub fn parse(name: &str) -> Option<Self> {
        NAMED.iter().find(|(known, _)| *known == name).map(|(_, scope)| *scope)
    }

    /// The scope's name, as the API and the database have it.
    pub fn name(self) -> &'static str {
        // Only the table makes scopes, so it names each.
        NAMED.iter().find(|(_, scope)| *scope == self).map_or("", |(name, _)| name)
    }

    /// The name of the scope that allows this, where there is one.
    pub fn needed(area: Area, write: bool) -> Option<&'static str> {
        NAMED.iter().find(|(_, scope)| scope.allows(area, write)).map(|(name, _)| *name)
    }

    /// Whether a request changes something, for scopes. A search and a batch that gets read, though each is a POST: what is
    /// looked for has no place in a URL.
    pub fn writes(is_safe: bool, path: &str) -> bool {
        !is_safe && !["/search", "/batch/get"].iter().any(|reads| path.ends_with(reads))
    }

    /// Whether it allows this: with `write` to change the area, otherwise to read it.
    pub fn allows(self, area: Area, write: bool) -> bool {
        self.area == area && self.write == write
    }
}

impl From<Scope> for &'static str {
    fn from(scope: Scope) -> Self {
        scope.name()
    }
}

impl PartialSchema for Scope {
    fn schema() -> RefOr<Schema> {
        one_of("What an API key may do; leave to write does not bring leave to read.", Self::names())
    }
}

impl ToSchema for Scope {}

/// There is no scope of that name.
#[derive(Debug, thiserror::Error)]
#[error("there is no such scope")]
pub struct UnknownScope;

impl TryFrom<String> for Scope {
    type Error = UnknownScope;

    fn try_from(name: String) -> Result<Self, UnknownScope> {
        Self::parse(&name).ok_or(UnknownScope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back_and_no_other_is_read() {
        for name in Scope::names() {
            let scope = Scope::parse(name).unwrap();
            assert_eq!(scope.name(), name);
            let json = serde_json::to_string(&scope).unwrap();
            assert_eq!(json, format!("\"{name}\""));
            assert_eq!(serde_json::from_str::<Scope>(&json).unwrap(), scope);
        }
        for wrong in ["", "storage", "storage:", "storage:admin", "Storage:read", " storage:read", "usage:write", "*"] {
            assert_eq!(Scope::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_search_and_a_batch_that_gets_read() {
        for path in ["/api/users/search", "/api/storage/keys/search", "/api/storage/batch/get"] {
            assert!(!Scope::writes(false, path), "{path}");
        }
        for path in ["/api/storage/batch/set", "/api/storage/get", "/api/storage/set", "/api/search/x"] {
            assert!(Scope::writes(false, path) && !Scope::writes(true, path), "{path}");
        }
    }

    #[test]
    fn a_scope_allows_what_its_name_says_and_nothing_else() {
        let areas = [
            (Area::Storage, "storage"),
            (Area::Files, "files"),
            (Area::Chat, "chat"),
            (Area::Usage, "usage"),
            (Area::Account, "account"),
            (Area::Preferences, "preferences"),
            (Area::Users, "users"),
            (Area::Github, "github"),
            (Area::Operators, "operators"),
        ];
        for scope in Scope::names().filter_map(Scope::parse) {
            for (area, name) in areas {
                for (write, verb) in [(false, "read"), (true, "write")] {
                    let named = scope.name() == format!("{name}:{verb}");
                    assert_eq!(scope.allows(area, write), named, "{} for {name}:{verb}", scope.name());
                }
            }
        }
    }
}
