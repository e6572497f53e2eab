//! API keys: for servers and SDKs, which can't sign in.
//!
//! A key is `ward_`, 32 random bytes as 43 digits of base 62, a tag of 11, and a checksum of 6. By the checksum, as
//! GitHub's tokens have it, whoever scans for leaked keys tells a key from a text that only looks like one; by the tag, we
//! tell one that was made here, without asking anybody. The pattern for a secret scanner is
//! `\bward_[0-9A-Za-z]{60}\b`.

use zeroize::Zeroizing;

use super::{TokenHash, TokenTag};
use crate::clock::{NoEntropy, Random};

/// What every key begins with.
pub(crate) const PREFIX: &str = "ward_";
/// 62^43 is more than 2^256.
const SECRET_DIGITS: usize = 43;
/// 62^11 is more than 2^64.
const TAG_DIGITS: usize = 11;
/// 62^6 is more than 2^32.
const CHECKSUM_DIGITS: usize = 6;
const SECRET_LENGTH: usize = PREFIX.len() + SECRET_DIGITS;
const LENGTH: usize = SECRET_LENGTH + TAG_DIGITS + CHECKSUM_DIGITS;
/// Four digits of 43: enough to tell a user's keys apart, far too few to guess the rest.
const HINT_LENGTH: usize = PREFIX.len() + 4;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// An API key as its holder sends it. Has no `Debug`: it is a secret.
#[derive(Clone)]
pub struct ApiKey {
    text: Zeroizing<String>,
    tag: TokenTag,
}

impl ApiKey {
    /// A key's secret part, which [`ApiKey::hash`] is the hash of.
    pub(super) fn new_secret(random: &Random) -> Result<Zeroizing<String>, NoEntropy> {
        let mut secret = Zeroizing::new(random.bytes::<32>()?);
        let mut text = Zeroizing::new(String::with_capacity(LENGTH));
        text.push_str(PREFIX);
        push_base62(&mut text, secret.as_mut_slice(), SECRET_DIGITS);
        Ok(text)
    }

    /// The key of a secret part and its tag.
    pub(super) fn new(mut text: Zeroizing<String>, tag: TokenTag) -> Self {
        push_base62(&mut text, &mut tag.as_bytes().clone(), TAG_DIGITS);
        push_checksum(&mut text);
        Self { text, tag }
    }

    /// Reads a key; `None` for anything else, one with a typing error included. Whether the tag is right is for
    /// [`SessionStore::has_made`](super::SessionStore) to say.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(PREFIX)?;
        if text.len() != LENGTH || !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        let mut right = Zeroizing::new(String::with_capacity(LENGTH));
        right.push_str(&text[..LENGTH - CHECKSUM_DIGITS]);
        push_checksum(&mut right);
        // The checksum is no secret: everybody can compute it.
        let tag = tag_of(&text[SECRET_LENGTH..LENGTH - CHECKSUM_DIGITS])?;
        (*right == text).then_some(Self { text: right, tag })
    }

    /// The key, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// What the database and the cache know the key by.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.text.as_bytes()[..SECRET_LENGTH])
    }

    pub(crate) fn tag(&self) -> TokenTag {
        self.tag
    }

    /// The key's first characters, for its owner to tell keys apart.
    pub fn hint(&self) -> &str {
        &self.text[..HINT_LENGTH]
    }
}

/// Appends a big-endian number in base 62, with leading zeros; leaves zero in its place.
fn push_base62(text: &mut String, number: &mut [u8], digits: usize) {
    let mut reversed = Zeroizing::new(Vec::with_capacity(digits));
    for _ in 0..digits {
        let mut rest = 0_u16;
        for byte in &mut *number {
            let value = rest << 8 | u16::from(*byte);
            // Below 256, since the rest before was below 62.
            *byte = (value / 62).to_be_bytes()[1];
            rest = value % 62;
        }
        reversed.push(DIGITS[usize::from(rest)]);
    }
    text.extend(reversed.iter().rev().copied().map(char::from));
}

/// Reads a tag's digits; `None` for a number above 2^64.
fn tag_of(digits: &str) -> Option<TokenTag> {
    let number = digits.bytes().try_fold(0_u64, |number, digit| {
        let value = DIGITS.iter().position(|known| *known == digit)?;
        number.checked_mul(62)?.checked_add(u64::try_from(value).ok()?)
    })?;
    Some(TokenTag::from_bytes(number.to_be_bytes()))
}

fn push_checksum(text: &mut String) {
    let mut checksum = crc32(&text.as_bytes()[PREFIX.len()..]).to_be_bytes();
    push_base62(text, &mut checksum, CHECKSUM_DIGITS);
}

/// CRC-32 as in zip and PNG (ISO 3309), bit by bit: it is taken of 54 bytes.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> ApiKey {
        let random = Random::default();
        ApiKey::new(ApiKey::new_secret(&random).unwrap(), TokenTag::from_bytes(random.bytes().unwrap()))
    }

    #[test]
    fn the_checksum_is_the_one_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_number_is_written_with_leading_zeros() {
        for (number, written) in [([0, 0], "000"), ([0, 61], "00z"), ([0, 62], "010"), ([0xff, 0xff], "H31")] {
            let (mut text, mut number) = (String::new(), number);
            push_base62(&mut text, &mut number, 3);
            assert_eq!(text, written);
        }
        let mut largest = String::new();
        push_base62(&mut largest, &mut [0xff; 32], SECRET_DIGITS);
        assert!(!largest.starts_with('0'), "43 digits are just enough for 32 bytes");
    }

    #[test]
    fn a_key_is_what_the_scanners_look_for() {
        let key = key();
        let digits = key.reveal().strip_prefix("ward_").unwrap();
        assert_eq!(digits.len(), 60);
        assert!(digits.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(key.hint(), &key.reveal()[..9]);
    }

    #[test]
    fn a_key_survives_its_text_and_two_are_never_the_same() {
        let [one, two] = [(), ()].map(|()| key());
        let read = ApiKey::parse(one.reveal()).unwrap();
        assert!(read.reveal() == one.reveal() && read.hash() == one.hash() && read.tag() == one.tag());
        assert!(one.hash() != two.hash());
    }

    proptest! {
        #[test]
        fn a_key_with_another_character_is_none(at in 0..LENGTH, byte in any::<u8>()) {
            let key = key();
            let mut bytes = key.reveal().as_bytes().to_vec();
            prop_assume!(bytes[at] != byte);
            bytes[at] = byte;
            prop_assert!(std::str::from_utf8(&bytes).ok().and_then(ApiKey::parse).is_none());
        }

        #[test]
        fn any_text_is_read_without_harm(text in ".{0,80}", digits in "ward_[0-9A-Za-z_é-]{50,61}") {
            prop_assert!(ApiKey::parse(&text).is_none());
            // One in four thousand million has a fitting checksum.
            prop_assert!(ApiKey::parse(&digits).is_none());
        }
    }
}
