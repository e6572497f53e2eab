//! The session token: 256 random bits, known to the browser alone; the server keeps its SHA-256.
//!
//! A session's cookie adds a tag, by which the server knows a token that it made from one that somebody made up.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{digest, hmac};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use uuid::Uuid;

use super::TokenTag;
use crate::clock::{NoEntropy, Random};

/// A random token, of a session or of whatever else a client has to come back with. Has no `Debug`: it is a secret.
#[derive(Clone)]
pub struct SessionToken(Zeroizing<[u8; 32]>);

impl SessionToken {
    /// Characters of 32 bytes in base64url.
    const CHARACTERS: usize = 43;

    /// Makes a new token.
    ///
    /// # Errors
    /// [`NoEntropy`] where the operating system gives no randomness.
    pub fn generate(random: &Random) -> Result<Self, NoEntropy> {
        Ok(Self(Zeroizing::new(random.bytes()?)))
    }

    /// Reads what [`SessionToken::reveal`] wrote: 43 characters of base64url. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        Some(Self(Zeroizing::new(bytes.as_slice().try_into().ok()?)))
    }

    /// The token as 43 characters of base64url.
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.as_slice())
    }

    /// What the database and the cache know the token by.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.0.as_slice())
    }
}

/// What a session's cookie carries: the token and the tag that tells it was made here. Has no `Debug`: it is a secret.
#[derive(Clone)]
pub struct CookieToken {
    secret: SessionToken,
    tag: TokenTag,
}

impl CookieToken {
    pub(super) fn new(secret: SessionToken, tag: TokenTag) -> Self {
        Self { secret, tag }
    }

    /// Reads a cookie's value: the token's 43 characters and the tag's 11. `None` for anything else. Whether the tag is
    /// right is for [`SessionStore::has_made`](super::SessionStore) to say.
    pub fn parse(text: &str) -> Option<Self> {
        let (secret, tag) = text.split_at_checked(SessionToken::CHARACTERS)?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?.as_slice().try_into().ok()?;
        Some(Self { secret: SessionToken::parse(secret)?, tag: TokenTag::from_bytes(tag) })
    }

    /// The cookie's value.
    pub fn reveal(&self) -> String {
        self.secret.reveal() + &URL_SAFE_NO_PAD.encode(self.tag.as_bytes())
    }

    /// What the database and the cache know the token by.
    pub fn hash(&self) -> TokenHash {
        self.secret.hash()
    }

    pub(crate) fn tag(&self) -> TokenTag {
        self.tag
    }

    /// The CSRF token of this session: an HMAC of a fixed text under the token, so that nothing has to be stored
    /// and no page but the session's own can know it.
    pub fn csrf(&self) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.0.as_slice());
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
    fn a_cookie_holds_a_token_and_its_tag_and_nothing_else_parses() {
        let token = cookie();
        let text = token.reveal();
        let read = CookieToken::parse(&text).unwrap();
        assert_eq!(text.len(), 54);
        assert!(read.hash() == token.hash() && read.tag() == token.tag() && read.reveal() == text);
        for wrong in ["", &text[..43], &text[..53], &format!("{text}A"), &"é".repeat(27), &"+".repeat(54)] {
            assert!(CookieToken::parse(wrong).is_none());
        }
    }

    #[test]
    fn a_csrf_token_fits_its_own_session_only() {
        let (one, two) = (cookie(), cookie());
        assert!(one.csrf_matches(&one.csrf()));
        assert!(!one.csrf_matches(&two.csrf()));
        assert!(!one.csrf_matches(""));
    }

    fn cookie() -> CookieToken {
        CookieToken::new(SessionToken::generate(&Random::default()).unwrap(), TokenTag::from_bytes([7; 8]))
    }
}
