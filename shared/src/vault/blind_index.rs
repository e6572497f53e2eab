//! Blind indexes: exact look-ups of sealed values by a keyed hash.

use std::fmt;

use ring::hkdf::{HKDF_SHA512, Salt};
use ring::hmac;
use uuid::Uuid;

use super::VaultError;

/// The version of the system's data key that every blind index is made with, and each index's first byte. It rises
/// only with a change that makes all the indexes anew: an index under another key would no longer be found.
pub(super) const KEY_VERSION: u8 = 1;
const TAG_LEN: usize = 16;
const SALT: &[u8] = b"ward blind index";

/// One version byte and 16 bytes of HMAC-SHA-256: equal for equal values, and telling nothing else without the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlindIndex([u8; 1 + TAG_LEN]);

impl BlindIndex {
    /// Bytes of an index.
    pub const LENGTH: usize = 1 + TAG_LEN;

    /// The 17 bytes, for a `bytea` column.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The index of `value` for one purpose and, where values of different owners must not be linked, one owner.
    pub(super) fn new(
        system_key: &[u8; 32],
        purpose: &str,
        owner: Option<Uuid>,
        value: &str,
    ) -> Result<Self, VaultError> {
        let info = [purpose.as_bytes()];
        let prk = Salt::new(HKDF_SHA512, SALT).extract(system_key);
        let key = prk
            .expand(&info, hmac::HMAC_SHA256)
            .map(hmac::Key::from)
            .map_err(|_| VaultError::Malformed("a derived key is too long"))?;

        let owner = owner.map(Uuid::into_bytes);
        let owner = owner.as_ref().map_or(&[][..], |id| &id[..]);
        let mut input = hmac::Context::with_key(&key);
        for part in [purpose.as_bytes(), owner, value.as_bytes()] {
            input.update(&(part.len() as u64).to_be_bytes());
            input.update(part);
        }
        let mut index = [KEY_VERSION; 1 + TAG_LEN];
        index[1..].copy_from_slice(&input.sign().as_ref()[..TAG_LEN]);
        Ok(Self(index))
    }
}

impl AsRef<[u8]> for BlindIndex {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Equal indexes tell that values are equal, so they stay out of logs.
impl fmt::Debug for BlindIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlindIndex(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(key: u8, purpose: &str, owner: Option<Uuid>, value: &str) -> BlindIndex {
        BlindIndex::new(&[key; 32], purpose, owner, value).unwrap()
    }

    #[test]
    fn is_stable_and_carries_its_version() {
        let one = index(7, "username", None, "ada");
        assert_eq!(one, index(7, "username", None, "ada"));
        assert_eq!((one.as_bytes().len(), one.as_bytes()[0]), (17, KEY_VERSION));
    }

    #[test]
    fn differs_by_key_purpose_owner_and_value() {
        let owner = Some(Uuid::from_u128(1));
        let all = [
            index(7, "username", None, "ada"),
            index(8, "username", None, "ada"),
            index(7, "email", None, "ada"),
            index(7, "username", owner, "ada"),
            index(7, "username", Some(Uuid::nil()), "ada"),
            index(7, "username", None, "Ada"),
            index(7, "username", None, ""),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[..at].contains(one), "index {at} repeats an earlier one");
        }
    }

    #[test]
    fn does_not_print_itself() {
        assert_eq!(format!("{:?}", index(7, "username", None, "ada")), "BlindIndex(..)");
    }
}
