//! A stored password hash of whatever kind.

use super::argon::{Argon2Hash, Cost, HashError};
use super::bcrypt::Bcrypt;
use super::pool::Memory;

/// A stored hash that can be verified: argon2 in the PHC string format or bcrypt, of bounded cost.
pub struct StoredHash(Kind);

enum Kind {
    Argon2(Argon2Hash),
    Bcrypt(Bcrypt),
}

impl StoredHash {
    /// Nothing where the text is no such hash, or one that costs more than 256 MiB, 10 passes, 8 lanes or bcrypt's 14.
    pub fn parse(text: &str) -> Option<Self> {
        let bcrypt = || Bcrypt::parse(text).map(Kind::Bcrypt);
        Argon2Hash::parse(text).map(Kind::Argon2).or_else(bcrypt).map(Self)
    }

    /// The memory it takes to verify, in KiB.
    pub fn memory_kib(&self) -> u32 {
        match &self.0 {
            Kind::Argon2(hash) => hash.memory_kib(),
            // Blowfish's state: four boxes of 256 words and 18 words more.
            Kind::Bcrypt(_) => 5,
        }
    }

    /// Whether a new hash would be a stronger one.
    pub(super) fn is_outdated(&self, today: Cost) -> bool {
        match &self.0 {
            Kind::Argon2(hash) => hash.is_outdated(today),
            Kind::Bcrypt(_) => true,
        }
    }

    pub(super) fn matches(&self, password: &[u8], memory: &mut Memory) -> Result<bool, HashError> {
        match &self.0 {
            Kind::Argon2(hash) => hash.matches(password, memory),
            Kind::Bcrypt(hash) => Ok(hash.matches(password)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Texts that are nearly hashes, some of them whole ones.
    fn nearly() -> impl Strategy<Value = String> {
        prop_oneof![
            ".*",
            "(\\$[a-z0-9=,+/.]{0,24}){0,7}",
            "\\$argon2(i|d|id|x)(\\$v=(16|19|20))?\\$m=[0-9]{1,11},t=[0-9]{1,11},p=[0-9]{1,9}\\$[A-Za-z0-9+/]{0,70}\\$[A-Za-z0-9+/]{0,90}",
            "\\$2[abxy]?\\$[0-9]{1,3}\\$[./A-Za-z0-9]{50,55}",
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_text_is_a_hash_of_bounded_cost_or_none(text in nearly()) {
            if let Some(hash) = StoredHash::parse(&text) {
                prop_assert!(hash.memory_kib() <= 256 * 1024);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn no_hash_makes_verifying_panic(
            text in "\\$argon2(i|d|id)(\\$v=(16|19))?\\$m=(8|9|15|63|64|65|100),t=[1-3],p=[1-8]\\$[A-Za-z0-9+/]{10,66}[AQgw]\\$[A-Za-z0-9+/]{13,85}[AQgw]",
            password: Vec<u8>,
        ) {
            if let Some(hash) = StoredHash::parse(&text) {
                prop_assert!(!hash.matches(&password, &mut Memory::default()).unwrap());
            }
        }

        #[test]
        fn no_bcrypt_hash_makes_verifying_panic(rest in "[./A-Za-z0-9]{53}", password in prop::collection::vec(any::<u8>(), 0..100)) {
            let hash = StoredHash::parse(&format!("$2b$04${rest}")).unwrap();
            prop_assert!(!hash.matches(&password, &mut Memory::default()).unwrap());
        }
    }
}
