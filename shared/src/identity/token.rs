//! The session token: 256 random bits, known to the browser alone; the server keeps its SHA-256.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{digest, hmac};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use uuid::Uuid;

use crate::clock::{NoEntropy, Random};

/// A session token as the cookie carries it. Has no `Debug`: it is a secret.
#[derive(Clone)]
pub struct SessionToken(Zeroizing<[u8; 32]>);

impl SessionToken {
    /// Makes a new token.
    ///
    /// # Errors
    /// [`NoEntropy`] where the operating system gives no randomness.
    pub fn generate(random: &Random) -> Result<Self, NoEntropy> {
        Ok(Self(Zeroizing::new(random.bytes()?)))
    }

    /// Reads a cookie's value: 43 characters of base64url. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        Some(Self(Zeroizing::new(bytes.as_slice().try_into().ok()?)))
    }

    /// The cookie's value.
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.as_slice())
    }

    /// What the database and the cache know the token by.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.0.as_slice())
    }

    /// The CSRF token of this session: an HMAC of a fixed text under the token, so that nothing has to be stored
    /// and no page but the session's own can know it.
    pub fn csrf(&self) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_slice());
        URL_SAFE_NO_PAD.encode(hmac::sign(&key, b"ward csrf v1"))
    }

    /// Compares in constant time.
    pub fn csrf_matches(&self, sent: &str) -> bool {
        self.csrf().as_bytes().ct_eq(sent.as_bytes()).into()
    }
}

/// SHA-256 of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of a secret that is too long to be guessed.
    pub fn of(secret: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, secret).as_ref());
        Self(hash)
    }

    /// What a bearer session is known by: an access token proves it by its signature and names it by its id. No cookie
    /// has this hash, for a cookie's token is 32 bytes and this text is longer.
    pub fn of_bearer_session(id: Uuid) -> Self {
        Self::of(format!("ward bearer session {id}").as_bytes())
    }

    /// A hash as the database holds it: 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The hash's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The key of the session's cache entry.
    pub fn cache_key(&self) -> String {
        format!("session:{}", URL_SAFE_NO_PAD.encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_its_cookie_and_nothing_else_parses() {
        let token = SessionToken::generate(&Random::default()).unwrap();
        let read = SessionToken::parse(&token.reveal()).unwrap();
        assert_eq!(read.hash(), token.hash());
        for wrong in ["", "a", &"A".repeat(42), &"A".repeat(44), &"+".repeat(43)] {
            assert!(SessionToken::parse(wrong).is_none());
        }
    }

    #[test]
    fn a_csrf_token_fits_its_own_session_only() {
        let (one, other) =
            (SessionToken::parse(&"A".repeat(43)).unwrap(), SessionToken::parse(&"Q".repeat(42)).is_none());
        assert!(other);
        let two = SessionToken::generate(&Random::default()).unwrap();
        assert!(one.csrf_matches(&one.csrf()));
        assert!(!one.csrf_matches(&two.csrf()));
        assert!(!one.csrf_matches(""));
    }
}
