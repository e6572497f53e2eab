use std::borrow::Cow;

use crate::clock::NoEntropy;
use crate::data::DbError;

/// Why the vault did not seal, open or find a key. Safe to log: it holds no plaintext and no key.
#[derive(Clone, Debug, thiserror::Error)]
pub enum VaultError {
    /// The keyring or the system's randomness gives no answer now; the text names the action and the cause's code.
    #[error("the vault is unavailable: {0}")]
    Unavailable(Cow<'static, str>),
    /// The value or the wrapped key does not open: another key, another context, or changed bytes.
    #[error("the sealed value does not open under this key and context")]
    Rejected,
    /// The data key may not be used any more: an operator revoked it, or it was shredded with its owner's account.
    #[error("the data key is revoked or shredded")]
    Revoked,
    /// The bytes or the context can't be of this format, whatever the key.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// The data key has sealed as many messages as it may.
    #[error("the data key has reached its limit of messages")]
    Exhausted,
    /// A wrapped key could not be read or stored.
    #[error("a data key could not be read or stored")]
    Database(#[from] DbError),
}

impl VaultError {
    /// The keyring gives no answer to `action`.
    pub(crate) fn unavailable(cause: impl Into<Cow<'static, str>>) -> Self {
        Self::Unavailable(cause.into())
    }
}

impl From<NoEntropy> for VaultError {
    fn from(_: NoEntropy) -> Self {
        Self::unavailable("the system's random number generator failed")
    }
}
