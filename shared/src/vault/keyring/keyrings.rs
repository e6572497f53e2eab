//! The keyrings of an installation: the one that wraps, those that wrapped before it, and a second beside it.

use std::sync::Arc;

use super::{KeyContext, Keyring, SecretKey, WrappedKey};
use crate::vault::VaultError;

/// Who wraps data keys, and who may open what is wrapped. Only these are ever asked: a row of the database that names
/// another key opens nothing.
#[derive(Clone)]
pub struct Keyrings {
    current: Arc<dyn Keyring>,
    old: Vec<Arc<dyn Keyring>>,
    second: Option<Arc<dyn Keyring>>,
}

/// The wrapped copies of one data key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrappings {
    /// By the keyring that was current when it was wrapped.
    pub first: WrappedKey,
    /// By the second keyring, where there was one.
    pub second: Option<WrappedKey>,
}

impl From<Arc<dyn Keyring>> for Keyrings {
    fn from(current: Arc<dyn Keyring>) -> Self {
        Self { current, old: Vec::new(), second: None }
    }
}

impl<K: Keyring + 'static> From<Arc<K>> for Keyrings {
    fn from(current: Arc<K>) -> Self {
        Self::from(current as Arc<dyn Keyring>)
    }
}

impl Keyrings {
    /// A keyring, those it takes the place of, and one that keeps a copy of every key, say in another region.
    pub fn new(current: Arc<dyn Keyring>, old: Vec<Arc<dyn Keyring>>, second: Option<Arc<dyn Keyring>>) -> Self {
        Self { current, old, second }
    }

    /// The keyring that wraps new keys.
    pub fn current(&self) -> &Arc<dyn Keyring> {
        &self.current
    }

    /// The keyrings that a first copy may be wrapped by.
    pub(crate) fn first_copies(&self) -> impl Iterator<Item = &Arc<dyn Keyring>> {
        std::iter::once(&self.current).chain(&self.old)
    }

    /// The keyring that keeps a copy.
    pub fn second(&self) -> Option<&Arc<dyn Keyring>> {
        self.second.as_ref()
    }

    /// A new data key. Where the second keyring gives no answer the key has one copy only; a rewrap adds the other.
    pub(crate) async fn generate(&self, context: &KeyContext<'_>) -> Result<(SecretKey, Wrappings), VaultError> {
        let made = self.current.generate(context).await?;
        let second = match &self.second {
            Some(keyring) => keyring.wrap(&made.key, context).await.inspect_err(|error| {
                tracing::warn!(%error, "a new data key has no second copy: run `ward keys rewrap`");
            }),
            None => Err(VaultError::Rejected),
        };
        Ok((made.key, Wrappings { first: made.wrapped, second: second.ok() }))
    }

    /// The data key. A copy that the current keyring rejects may be one of the old ones'; the second copy is for when
    /// no keyring of the first answers.
    pub(crate) async fn unwrap(&self, copies: &Wrappings, context: &KeyContext<'_>) -> Result<SecretKey, VaultError> {
        let mut refused = VaultError::Rejected;
        for keyring in self.first_copies() {
            match keyring.unwrap(&copies.first.bytes, context).await {
                Ok(key) => return Ok(key),
                Err(VaultError::Rejected | VaultError::Malformed(_)) => {}
                Err(error) => refused = error,
            }
        }
        match (&refused, &self.second, &copies.second) {
            (VaultError::Unavailable(_), Some(keyring), Some(copy)) => {
                tracing::warn!(error = %refused, "a data key is opened by its second copy");
                keyring.unwrap(&copy.bytes, context).await
            }
            _ => Err(refused),
        }
    }
}
