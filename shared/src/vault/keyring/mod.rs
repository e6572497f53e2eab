//! Keyrings: who wraps the data keys.

mod file;
mod keyrings;
#[cfg(feature = "kms")]
mod kms;

use std::fmt;

use futures_util::future::BoxFuture;
use uuid::Uuid;
use zeroize::Zeroizing;

pub use self::file::{FileKeyring, KeyFileError};
pub use self::keyrings::{Keyrings, Wrappings};
#[cfg(feature = "kms")]
pub use self::kms::KmsKeyring;
use super::{VaultError, context};

/// Makes data keys and wraps them under a key that never leaves it.
pub trait Keyring: Send + Sync {
    /// A new random data key and its wrapped form, bound to `context`.
    fn generate<'a>(&'a self, context: &'a KeyContext<'a>) -> BoxFuture<'a, Result<NewDataKey, VaultError>>;

    /// Wraps a data key that another keyring made.
    fn wrap<'a>(
        &'a self,
        key: &'a SecretKey,
        context: &'a KeyContext<'a>,
    ) -> BoxFuture<'a, Result<WrappedKey, VaultError>>;

    /// The data key in `wrapped`, if it was wrapped by this keyring for this very `context`.
    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        context: &'a KeyContext<'a>,
    ) -> BoxFuture<'a, Result<SecretKey, VaultError>>;

    /// Wraps anew under this keyring without the data key in clear anywhere but in the keyring's own hardware; `None`
    /// where it can't, for instance for a key of another region.
    fn rewrap<'a>(
        &'a self,
        wrapped: &'a WrappedKey,
        context: &'a KeyContext<'a>,
    ) -> BoxFuture<'a, Result<Option<WrappedKey>, VaultError>>;

    /// The full id of the wrapping key, as [`WrappedKey::key_id`] has it, while it exists and may be used.
    fn describe(&self) -> BoxFuture<'_, Result<String, VaultError>>;
}

/// A data key in the only form that may be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// Which key wrapped it: a KMS key's ARN, or the fingerprint of a key file.
    pub key_id: String,
    /// The wrapped bytes.
    pub bytes: Vec<u8>,
}

/// What a wrapped key is bound to. It stands in clear in CloudTrail, so nothing personal goes in: the subject is the
/// pseudonymous id of the owner, or the nil UUID for the system.
#[derive(Clone, Copy, Debug)]
pub struct KeyContext<'a> {
    /// The application's name.
    pub app: &'a str,
    /// The environment: dev, staging, prod.
    pub env: &'a str,
    /// Whose key it is.
    pub subject: Uuid,
    /// The key's version, from 1.
    pub version: u32,
}

impl KeyContext<'_> {
    /// The canonical bytes, for keyrings that authenticate a byte string.
    ///
    /// # Errors
    /// [`VaultError::Malformed`] where a name is longer than 65,535 bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, VaultError> {
        let [subject, version] = self.texts();
        let mut bytes = Vec::new();
        context::encode(
            &mut bytes,
            &mut [("app", self.app), ("env", self.env), ("subject", &subject), ("version", &version)],
        )?;
        Ok(bytes)
    }

    /// Subject and version as the texts that go into the context.
    fn texts(&self) -> [String; 2] {
        [self.subject.to_string(), self.version.to_string()]
    }
}

/// 256 secret bits, zeroised on drop. Boxed, so that moving it leaves no copy behind.
pub struct SecretKey(Box<Zeroizing<[u8; 32]>>);

impl SecretKey {
    /// Takes the key out of `bytes`, which are zeroised.
    ///
    /// # Errors
    /// [`VaultError::Malformed`] unless there are exactly 32.
    pub fn from_bytes(bytes: impl Into<Zeroizing<Vec<u8>>>) -> Result<Self, VaultError> {
        let bytes = bytes.into();
        let mut key = Self(Box::default());
        if bytes.len() != key.0.len() {
            return Err(VaultError::Malformed("a data key is not of 256 bits"));
        }
        key.0.copy_from_slice(&bytes);
        Ok(key)
    }

    /// The key itself.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// A data key just made.
#[derive(Debug)]
pub struct NewDataKey {
    /// The key.
    pub key: SecretKey,
    /// The key wrapped, for the table `data_keys`.
    pub wrapped: WrappedKey,
}
