//! Refresh tokens: a session, a number and a MAC. Nothing of a token is stored, and the current one can be made again.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use shared::Platform;
use shared::vault::{BlindIndex, VaultError};
use subtle::ConstantTimeEq;
use uuid::Uuid;
use zeroize::Zeroizing;

const PREFIX: &str = "wrt_";
const LENGTH: usize = 16 + 8 + BlindIndex::LENGTH;

/// A refresh token as its holder sends it: `wrt_` and base64url of the session's id, the token's number and the MAC.
/// Has no `Debug`: it is a secret.
pub struct RefreshToken(Zeroizing<[u8; LENGTH]>);

impl RefreshToken {
    /// The session's token of this number: always the same text.
    pub async fn mint(platform: &Platform, session_id: Uuid, counter: u64) -> Result<Self, VaultError> {
        let mac = mac(platform, session_id, counter).await?;
        Ok(Self::assemble(session_id, counter, mac.as_bytes()))
    }

    /// Reads a token; `None` for anything else. Whether it is one of ours, [`RefreshToken::check`] says.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?);
        Some(Self(Zeroizing::new(bytes.as_slice().try_into().ok()?)))
    }

    /// Whether we made it.
    pub async fn check(&self, platform: &Platform) -> Result<bool, VaultError> {
        let right = mac(platform, self.session_id(), self.counter()).await?;
        Ok(self.carries(right.as_bytes()))
    }

    /// The session it belongs to.
    pub fn session_id(&self) -> Uuid {
        Uuid::from_bytes(part(&self.0[..16]))
    }

    /// Its number, from 1.
    pub fn counter(&self) -> u64 {
        u64::from_be_bytes(part(&self.0[16..24]))
    }

    /// The token's text.
    pub fn reveal(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(64));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(self.0.as_slice(), &mut text);
        text
    }

    fn assemble(session_id: Uuid, counter: u64, mac: &[u8]) -> Self {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        let counter = counter.to_be_bytes();
        let fields = session_id.as_bytes().iter().chain(&counter).chain(mac);
        bytes.iter_mut().zip(fields).for_each(|(byte, value)| *byte = *value);
        Self(bytes)
    }

    fn carries(&self, mac: &[u8]) -> bool {
        self.0[24..].ct_eq(mac).into()
    }
}

/// 128 bits of HMAC-SHA-256 under a key of the vault's that has no other purpose.
async fn mac(platform: &Platform, session_id: Uuid, counter: u64) -> Result<BlindIndex, VaultError> {
    platform.vault.mac(&platform.db, "refresh token", Some(session_id), &counter.to_string()).await
}

fn part<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(bytes);
    part
}

/// What becomes of a refresh token that we made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is the current one: the next takes its place.
    Rotate,
    /// It is the one before, and nobody has used the current one: its answer was lost, so the current one is given
    /// again.
    GiveCurrent,
    /// It is older, so two hold the session's tokens; or it is one that was never given out. The session ends.
    Reuse,
}

/// Decides by the number of the token presented and the number of the session's current one.
pub fn decide(presented: u64, current: u64) -> Decision {
    match current.checked_sub(presented) {
        Some(0) if presented > 0 => Decision::Rotate,
        Some(1) if presented > 0 => Decision::GiveCurrent,
        _ => Decision::Reuse,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ring::hmac;

    use super::*;

    /// The vault's MAC without a vault.
    fn mac(session_id: Uuid, counter: u64) -> Vec<u8> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"refresh token");
        let tag = hmac::sign(&key, &[session_id.as_bytes().as_slice(), &counter.to_be_bytes()].concat());
        tag.as_ref()[..BlindIndex::LENGTH].to_vec()
    }

    fn token(session_id: Uuid, counter: u64) -> RefreshToken {
        RefreshToken::assemble(session_id, counter, &mac(session_id, counter))
    }

    fn is_ours(token: &RefreshToken) -> bool {
        token.carries(&mac(token.session_id(), token.counter()))
    }

    #[test]
    fn a_token_is_59_characters_of_which_the_first_name_it() {
        let text = token(Uuid::from_u128(1), 1).reveal();
        assert!(text.starts_with("wrt_AAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAB"), "{}", *text);
        assert_eq!(text.len(), 59);
    }

    proptest! {
        #[test]
        fn a_token_survives_its_text(session in any::<u128>(), counter in any::<u64>()) {
            let session = Uuid::from_u128(session);
            let made = token(session, counter);
            let read = RefreshToken::parse(&made.reveal()).unwrap();
            prop_assert_eq!((read.session_id(), read.counter()), (session, counter));
            prop_assert!(is_ours(&read));
            prop_assert_eq!(&*read.reveal(), &*token(session, counter).reveal());
        }

        #[test]
        fn a_token_with_a_flipped_bit_is_not_ours(session in any::<u128>(), counter in any::<u64>()) {
            let made = token(Uuid::from_u128(session), counter);
            for bit in 0..8 * LENGTH {
                let mut bytes = *made.0;
                bytes[bit / 8] ^= 1 << (bit % 8);
                prop_assert!(!is_ours(&RefreshToken(Zeroizing::new(bytes))), "bit {}", bit);
            }
            // The text has no second spelling either.
            let text = made.reveal();
            for bit in 0..8 * text.len() {
                let mut bytes = text.as_bytes().to_vec();
                bytes[bit / 8] ^= 1 << (bit % 8);
                let read = std::str::from_utf8(&bytes).ok().and_then(RefreshToken::parse);
                prop_assert!(read.is_none_or(|read| !is_ours(&read)), "bit {} of the text", bit);
            }
        }

        #[test]
        fn any_text_is_read_without_harm(text in ".{0,80}", near in "wrt_[A-Za-z0-9_=+/é-]{50,60}") {
            for text in [text, near] {
                prop_assert!(RefreshToken::parse(&text).is_none_or(|read| !is_ours(&read)));
            }
        }

        #[test]
        fn one_token_rotates_one_is_answered_again_and_all_others_are_reuse(presented: u64, current in 1_u64..) {
            let expected = match presented {
                0 => Decision::Reuse,
                _ if presented == current => Decision::Rotate,
                _ if u128::from(presented) + 1 == u128::from(current) => Decision::GiveCurrent,
                _ => Decision::Reuse,
            };
            prop_assert_eq!(decide(presented, current), expected);
            prop_assert_eq!(decide(current, current), Decision::Rotate);
        }
    }

    #[test]
    fn the_decision_at_the_edges() {
        for (presented, current, expected) in [
            (1, 1, Decision::Rotate),
            (7, 7, Decision::Rotate),
            (1, 2, Decision::GiveCurrent),
            (6, 7, Decision::GiveCurrent),
            (5, 7, Decision::Reuse),
            (1, 3, Decision::Reuse),
            (8, 7, Decision::Reuse),
            (u64::MAX, 1, Decision::Reuse),
            (u64::MAX, u64::MAX, Decision::Rotate),
            (u64::MAX - 1, u64::MAX, Decision::GiveCurrent),
            // Numbers begin at 1: no token has the number 0.
            (0, 0, Decision::Reuse),
            (0, 1, Decision::Reuse),
        ] {
            assert_eq!(decide(presented, current), expected, "{presented} where {current} is current");
        }
    }
}
