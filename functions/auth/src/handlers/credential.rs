//! What an authenticator answered, as browsers send it.

use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};

/// The members of `RegistrationResponseJSON` and `AuthenticationResponseJSON` (WebAuthn Level 3, section 5.1), and
/// `extensions`, by which `webauthn-rs` itself calls `clientExtensionResults`.
const MEMBERS: &[&str] =
    &["id", "rawId", "response", "authenticatorAttachment", "clientExtensionResults", "extensions", "type"];

/// One of the two as `webauthn-rs` has it, with no member that is unknown or there twice. `response` and the extensions'
/// results are open-ended: browsers add to them.
///
/// `deny_unknown_fields` does not work with `flatten`: this does, and then stands for all members the body does not name.
pub(crate) struct Credential<T>(pub(crate) T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Credential<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = deserializer.deserialize_map(Members)?;
        T::deserialize(Value::Object(members)).map(Self).map_err(D::Error::custom)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Map<String, Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a credential")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, value)) = access.next_entry::<String, Value>()? {
            let Some(known) = MEMBERS.iter().find(|known| **known == name) else {
                return Err(A::Error::unknown_field(&name, MEMBERS));
            };
            if members.insert(name, value).is_some() {
                return Err(A::Error::duplicate_field(known));
            }
        }
        Ok(members)
    }
}
