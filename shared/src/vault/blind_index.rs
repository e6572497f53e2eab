//! Blind indexes: exact look-ups of sealed values by a keyed hash.

use std::fmt;

use ring::hkdf::{HKDF_SHA512, Salt};
use ring::hmac;
use uuid::Uuid;

use super::VaultError;

const TAG_LEN: usize = 16;
const SALT: &[u8] = b"ward blind index";

/// One version byte and 16 bytes of HMAC-SHA-256: equal for equal values, and telling nothing else without the key. The
/// version is that of the system's data key. While indexes are made anew it holds the one under the other live key, too.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlindIndex {
    current: [u8; 1 + TAG_LEN],
    other: Option<[u8; 1 + TAG_LEN]>,
}

impl BlindIndex {
    /// Bytes of an index.
    pub const LENGTH: usize = 1 + TAG_LEN;

    /// The 17 bytes to store, for a `bytea` column.
    pub fn as_bytes(&self) -> &[u8] {
        &self.current
    }

    /// What the value may be stored under, to look it up with `= ANY ($1)`.
    pub fn candidates(&self) -> Vec<&[u8]> {
        std::iter::once(&self.current[..]).chain(self.other.as_ref().map(|other| &other[..])).collect()
    }

    /// What the value may be stored under besides the current one.
    pub fn other(&self) -> Option<&[u8]> {
        self.other.as_ref().map(|other| &other[..])
    }

    /// The same with the newer of both versions as the current one.
    #[must_use]
    pub fn newest_first(self) -> Self {
        match self.other {
            Some(other) if other[0] > self.current[0] => Self { current: other, other: Some(self.current) },
            _ => self,
        }
    }

    /// The same, to be found by the bytes of `other` as well.
    pub(super) fn or(self, other: &Self) -> Self {
        Self { other: Some(other.current), ..self }
    }

    /// The index of `value` for one purpose and, where values of different owners must not be linked, one owner.
    pub(super) fn new(
        system_key: &[u8; 32],
        version: u8,
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
        let mut current = [version; 1 + TAG_LEN];
        current[1..].copy_from_slice(&input.sign().as_ref()[..TAG_LEN]);
        Ok(Self { current, other: None })
    }
}

impl AsRef<[u8]> for BlindIndex {
    fn as_ref(&self) -> &[u8] {
        &self.current
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
        BlindIndex::new(&[key; 32], 1, purpose, owner, value).unwrap()
    }

    #[test]
    fn is_stable_and_carries_its_version() {
        let one = index(7, "username", None, "ada");
        assert_eq!(one, index(7, "username", None, "ada"));
        assert_eq!((one.as_bytes().len(), one.as_bytes()[0]), (17, 1));
        assert_eq!(BlindIndex::new(&[7; 32], 9, "username", None, "ada").unwrap().as_bytes()[0], 9);
    }

    #[test]
    fn is_looked_up_in_every_live_version_and_stored_in_the_current_one() {
        let (old, new) = (index(7, "username", None, "ada"), index(8, "username", None, "ada"));
        assert_eq!(new.candidates(), [new.as_bytes()]);
        let both = new.or(&old);
        assert_eq!((both.as_bytes(), both.candidates()), (new.as_bytes(), vec![new.as_bytes(), old.as_bytes()]));
    }

    #[test]
    fn can_be_turned_to_its_newer_version() {
        let of = |version| BlindIndex::new(&[version; 32], version, "username", None, "ada").unwrap();
        let (old, new) = (of(1), of(2));
        assert_eq!((new.other(), old.newest_first()), (None, old));
        for both in [old.or(&new), new.or(&old)] {
            let turned = both.newest_first();
            assert_eq!((turned.as_bytes(), turned.other()), (new.as_bytes(), Some(old.as_bytes())));
        }
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
