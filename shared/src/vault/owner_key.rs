//! Sealing and opening the fields of one owner.

use std::sync::Arc;

use uuid::Uuid;
use zeroize::Zeroizing;

use super::data_keys::DataKey;
use super::{VaultError, context, envelope};
use crate::clock::Random;

/// Where a sealed value stands. Moved to any other place, it does not open.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    /// The table.
    pub table: &'a str,
    /// The column.
    pub column: &'a str,
    /// Any stable id of the row.
    pub row: &'a str,
}

/// An owner's data key of one version, ready to seal and open that owner's fields. Not to be kept beyond a request:
/// the vault's cache decides how long a key lives.
#[derive(Clone, Debug)]
pub struct OwnerKey {
    pub(super) app: Arc<str>,
    pub(super) env: Arc<str>,
    pub(super) owner: Uuid,
    pub(super) key: Arc<DataKey>,
    pub(super) random: Random,
}

impl OwnerKey {
    /// The version of the key; every value it seals carries it.
    pub fn version(&self) -> u32 {
        self.key.version()
    }

    /// Seals `plaintext`, bound to (app, environment, owner, table, column, row, key version).
    ///
    /// # Errors
    /// [`VaultError::Exhausted`] after 2^32 messages, [`VaultError::Malformed`] where a part of `field` is longer
    /// than 65,535 bytes, [`VaultError::Unavailable`] without randomness.
    pub fn seal(&self, field: &Field<'_>, plaintext: &[u8]) -> Result<Vec<u8>, VaultError> {
        let context = self.context(field)?;
        envelope::seal(&self.random, self.key.for_sealing()?, self.version(), &context, plaintext)
    }

    /// Opens what [`OwnerKey::seal`] sealed for the same field, under the same version.
    ///
    /// # Errors
    /// [`VaultError::Rejected`] where it was sealed for another place or changed since, [`VaultError::Malformed`]
    /// where it is no sealed value.
    pub fn open(&self, field: &Field<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        envelope::open(self.key.for_opening(), &self.context(field)?, sealed)
    }

    /// The frames of what [`OwnerKey::seal`] sealed for the same field, under the same version: its header is `head`, the
    /// first [`envelope::HEADER_LEN`] bytes, and it holds `length` bytes.
    ///
    /// # Errors
    /// As [`OwnerKey::open`]; a wrong place is noticed when a frame is opened.
    pub fn frames(&self, field: &Field<'_>, head: &[u8], length: u64) -> Result<envelope::Frames, VaultError> {
        envelope::Frames::new(self.key.for_opening(), &self.context(field)?, head, length)
    }

    fn context(&self, field: &Field<'_>) -> Result<Vec<u8>, VaultError> {
        let mut id = Uuid::encode_buffer();
        let owner: &str = self.owner.hyphenated().encode_lower(&mut id);
        let version = self.version().to_string();
        let mut bytes = Vec::with_capacity(192);
        context::encode(
            &mut bytes,
            &mut [
                ("app", &*self.app),
                ("env", &*self.env),
                ("owner", owner),
                ("table", field.table),
                ("column", field.column),
                ("row", field.row),
                ("key_version", &version),
            ],
        )?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::keyring::SecretKey;

    const FIELD: Field<'_> = Field { table: "users", column: "profile", row: "1" };

    fn key(app: &str, env: &str, owner: u128, version: u32) -> OwnerKey {
        let secret = SecretKey::from_bytes(vec![7; 32]).unwrap();
        let key = Arc::new(DataKey::new(secret, version));
        OwnerKey { app: app.into(), env: env.into(), owner: Uuid::from_u128(owner), key, random: Random::default() }
    }

    #[test]
    fn a_value_opens_only_where_it_was_sealed() {
        let mine = key("ward", "test", 1, 1);
        let sealed = mine.seal(&FIELD, b"value").unwrap();
        assert_eq!(**mine.open(&FIELD, &sealed).unwrap(), *b"value");

        let elsewhere = [
            ("app", key("ware", "test", 1, 1), FIELD),
            ("environment", key("ward", "prod", 1, 1), FIELD),
            ("owner", key("ward", "test", 2, 1), FIELD),
            ("key version", key("ward", "test", 1, 2), FIELD),
            ("table", mine.clone(), Field { table: "user", ..FIELD }),
            ("column", mine.clone(), Field { column: "profiles", ..FIELD }),
            ("row", mine.clone(), Field { row: "2", ..FIELD }),
            ("two swapped", mine.clone(), Field { table: "profile", column: "users", ..FIELD }),
            ("a border moved", mine.clone(), Field { column: "profil", row: "e1", ..FIELD }),
        ];
        for (what, key, field) in elsewhere {
            assert!(matches!(key.open(&field, &sealed), Err(VaultError::Rejected)), "another {what}");
        }
    }

    #[test]
    fn prints_no_key() {
        let printed = format!("{:?}", key("ward", "test", 1, 1));
        assert!(printed.contains("DataKey { version: 1, .. }"), "{printed}");
        assert!(!printed.contains("7, 7"), "{printed}");
    }
}
