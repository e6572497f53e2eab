//! A key that signs access tokens.

use jsonwebtoken::EncodingKey;
use zeroize::Zeroizing;

use super::provider::{self, PRIVATE_KEY_LENGTH};
use super::{AccessClaims, VerifyingKey, format};

/// The token could not be signed: the system gave no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the access token could not be signed")]
pub struct SigningFailed;

/// A private key of P-256 with its public half. Zeroized when dropped; has no `Debug`.
pub struct SigningKey {
    public: VerifyingKey,
    secret: EncodingKey,
}

impl SigningKey {
    /// The key whose private half is these 32 bytes; `None` where the halves do not belong together.
    pub fn new(public: VerifyingKey, private: &[u8]) -> Option<Self> {
        let point = public.key().try_get_as_bytes().ok()?;
        // As long as it gets from the start: a text that grew would leave its first bytes behind in memory.
        let mut both = Zeroizing::new(Vec::with_capacity(private.len() + point.len()));
        both.extend_from_slice(private);
        both.extend_from_slice(point);
        let secret = EncodingKey::from_ec_der(&both);
        provider::key_pair(&secret)?;
        Some(Self { public, secret })
    }

    /// The public half.
    pub fn public(&self) -> &VerifyingKey {
        &self.public
    }

    /// The private half, for the file that keeps it.
    pub fn expose_private(&self) -> &[u8] {
        self.secret.as_bytes().get(..PRIVATE_KEY_LENGTH).unwrap_or_default()
    }

    #[cfg(test)]
    pub(super) fn secret(&self) -> &EncodingKey {
        &self.secret
    }

    /// A token with these claims.
    ///
    /// # Errors
    /// [`SigningFailed`] where the operating system gives no randomness.
    pub fn sign(&self, claims: &AccessClaims) -> Result<String, SigningFailed> {
        provider::install();
        jsonwebtoken::encode(&format::header(self.public.kid()), claims, &self.secret).map_err(|_| SigningFailed)
    }
}
