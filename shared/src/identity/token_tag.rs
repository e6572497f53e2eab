//! Tags: what tells a token that was made here from a made-up one, before anything is asked for it.
//!
//! Looking a token up costs a call of the database, and making tokens up costs nothing. So a session's cookie and an API
//! key carry a MAC of the token's hash under a key of the vault's, which is at hand in each function (`docs/adr/0008`).
//! It proves that the token was made here and no more: who it stands for, and whether it still does, the database says.

use subtle::ConstantTimeEq;

use super::{ApiKey, CookieToken, SessionStore, SessionToken, TokenHash};
use crate::vault::VaultError;

/// The first 8 bytes of an HMAC-SHA-256. Who guesses one, in 2^63 requests, has won one look-up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenTag([u8; Self::LENGTH]);

impl TokenTag {
    /// Bytes of a tag.
    pub const LENGTH: usize = 8;

    /// A tag as a token carries it.
    pub(super) fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// The tag's bytes.
    pub(super) fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl SessionStore {
    /// A new token for a session's cookie. Its key has to be fetched where it is not at hand, and no connection should
    /// wait for that: within a transaction, have something sealed or indexed before.
    ///
    /// # Errors
    /// Where the vault or the operating system's randomness gives no answer.
    pub async fn new_cookie_token(&self) -> Result<CookieToken, VaultError> {
        let secret = SessionToken::generate(&self.random)?;
        let tag = self.token_tag(&secret.hash()).await?;
        Ok(CookieToken::new(secret, tag))
    }

    /// A new API key.
    ///
    /// # Errors
    /// Where the vault or the operating system's randomness gives no answer.
    pub async fn new_api_key(&self) -> Result<ApiKey, VaultError> {
        let secret = ApiKey::new_secret(&self.random)?;
        let tag = self.token_tag(&TokenHash::of(secret.as_bytes())).await?;
        Ok(ApiKey::new(secret, tag))
    }

    /// Whether the token with this hash was made here, as its tag says.
    ///
    /// # Errors
    /// Where the vault gives no answer.
    pub(crate) async fn has_made(&self, token: &TokenHash, tag: TokenTag) -> Result<bool, VaultError> {
        let right = self.token_tag(token).await?;
        Ok(right.0.ct_eq(&tag.0).into())
    }

    async fn token_tag(&self, token: &TokenHash) -> Result<TokenTag, VaultError> {
        let index = self.vault.mac(&self.db, "token tag", None, &token.cache_key()).await?;
        let mut tag = [0; TokenTag::LENGTH];
        // The first byte is the key's version.
        tag.copy_from_slice(&index.as_bytes()[1..=TokenTag::LENGTH]);
        Ok(TokenTag(tag))
    }
}
