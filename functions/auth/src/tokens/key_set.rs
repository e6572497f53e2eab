//! The private keys that sign access tokens: a JWK Set (RFC 7517, section 5) of keys on P-256.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde::Deserialize;
use shared::clock::NoEntropy;
use shared::identity::{SigningKey, VerifyingKey};
use zeroize::Zeroizing;

/// Most keys of a set: one that signs, and those of the rotations before.
const MOST_KEYS: usize = 16;

/// Why a text is no key set. Never holds a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// It is no JWK Set, or a key lacks a member.
    #[error("it is not a JWK Set whose keys have kty, crv, x, y, d and kid")]
    NotASet,
    /// There is no key in it, or too many.
    #[error("it has to hold 1 to 16 keys")]
    Count,
    /// A key is not one of ours.
    #[error("key {0} is not a private EC key on P-256 for ES256 with an id of 1 to 64 letters, digits and . _ ~ -")]
    Key(usize),
    /// Two keys have one id.
    #[error("key {0} has the id of a key before it")]
    Repeated(usize),
}

/// The keys, the first of which signs. Cheap to clone; zeroized when dropped; has no `Debug`.
#[derive(Clone)]
pub struct KeySet(Arc<[Arc<SigningKey>]>);

#[derive(Deserialize)]
struct PrivateJwkSet<'a> {
    #[serde(borrow)]
    keys: Vec<PrivateJwk<'a>>,
}

/// Borrowed, so that no second copy of `d` is left in memory.
#[derive(Deserialize)]
struct PrivateJwk<'a> {
    kty: &'a str,
    crv: &'a str,
    x: &'a str,
    y: &'a str,
    d: &'a str,
    #[serde(borrow)]
    kid: Cow<'a, str>,
    alg: Option<&'a str>,
    #[serde(rename = "use")]
    usage: Option<&'a str>,
}

impl KeySet {
    /// Reads a set. Other members than those of an EC key are passed over.
    pub fn parse(json: &str) -> Result<Self, KeySetError> {
        let set: PrivateJwkSet<'_> = serde_json::from_str(json).map_err(|_| KeySetError::NotASet)?;
        if !(1..=MOST_KEYS).contains(&set.keys.len()) {
            return Err(KeySetError::Count);
        }
        let mut keys: Vec<Arc<SigningKey>> = Vec::with_capacity(set.keys.len());
        for (number, jwk) in (1..).zip(&set.keys) {
            let key = signing_key(jwk).ok_or(KeySetError::Key(number))?;
            if keys.iter().any(|known| known.public().kid() == key.public().kid()) {
                return Err(KeySetError::Repeated(number));
            }
            keys.push(Arc::new(key));
        }
        Ok(Self(keys.into()))
    }

    /// A set of one new key, whose id is its thumbprint (RFC 7638).
    ///
    /// # Errors
    /// [`NoEntropy`] where the operating system gives no randomness.
    pub fn generate() -> Result<Self, NoEntropy> {
        Ok(Self([Arc::new(new_key().ok_or(NoEntropy)?)].into()))
    }

    /// The same set with a new key before the others: a rotation. Where the set is full its last key goes.
    ///
    /// # Errors
    /// [`NoEntropy`] where the operating system gives no randomness.
    pub fn with_new_key(&self) -> Result<Self, NoEntropy> {
        let new = Arc::new(new_key().ok_or(NoEntropy)?);
        Ok(Self([new].into_iter().chain(self.0.iter().cloned()).take(MOST_KEYS).collect()))
    }

    /// The keys, the one that signs first.
    pub fn keys(&self) -> &[Arc<SigningKey>] {
        &self.0
    }

    /// The set as [`KeySet::parse`] reads it, private members included.
    pub fn to_json(&self) -> Zeroizing<String> {
        // As long as it gets from the start: a text that grew would leave its first bytes behind in memory.
        let mut json = Zeroizing::new(String::with_capacity(512 * self.0.len()));
        json.push_str("{\"keys\":[");
        for (at, key) in self.0.iter().enumerate() {
            let public = serde_json::to_string(key.public().jwk()).unwrap_or_default();
            let private = Zeroizing::new(URL_SAFE_NO_PAD.encode(key.expose_private()));
            let separator = if at == 0 { "" } else { "," };
            let _infallible = write!(json, "{separator}{},\"d\":\"{}\"}}", public.trim_end_matches('}'), *private);
        }
        json.push_str("]}");
        json
    }
}

fn signing_key(jwk: &PrivateJwk<'_>) -> Option<SigningKey> {
    let ours = jwk.kty == "EC"
        && jwk.crv == "P-256"
        && jwk.alg.is_none_or(|alg| alg == "ES256")
        && jwk.usage.is_none_or(|usage| usage == "sig");
    let public = ours.then(|| VerifyingKey::new(&jwk.kid, jwk.x, jwk.y))??;
    let private = Zeroizing::new(URL_SAFE_NO_PAD.decode(jwk.d).ok()?);
    SigningKey::new(public, &private)
}

fn new_key() -> Option<SigningKey> {
    // ring gives a new key as PKCS #8 only; the pair is checked again when it is put together.
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).ok()?;
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &SystemRandom::new()).ok()?;
    let [_uncompressed, point @ ..] = pair.public_key().as_ref() else { return None };
    let (x, y) = point.split_at_checked(point.len() / 2)?;
    let public = VerifyingKey::new("new", &URL_SAFE_NO_PAD.encode(x), &URL_SAFE_NO_PAD.encode(y))?;
    SigningKey::new(public.under_its_thumbprint(), private_key(document.as_ref())?)
}

/// The private key in a PKCS #8 document: an `ECPrivateKey` of version 1 with an octet string of 32 bytes (RFC 5915).
fn private_key(document: &[u8]) -> Option<&[u8]> {
    const BEFORE: [u8; 5] = [0x02, 0x01, 0x01, 0x04, 0x20];
    let at = document.windows(BEFORE.len()).position(|window| window == BEFORE)? + BEFORE.len();
    document.get(at..at + 32)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn members(set: &KeySet) -> Value {
        serde_json::from_str(&set.to_json()).unwrap()
    }

    #[test]
    fn a_new_set_is_read_back_and_its_key_is_named_by_its_thumbprint() {
        let set = KeySet::generate().unwrap();
        let read = KeySet::parse(&set.to_json()).unwrap();
        assert_eq!(members(&read), members(&set));
        let key = &members(&set)["keys"][0];
        assert_eq!((key["kty"].as_str(), key["crv"].as_str()), (Some("EC"), Some("P-256")));
        assert_eq!(key["kid"].as_str().map(str::len), Some(43));
        assert_eq!(key["d"].as_str().map(str::len), Some(43));
        assert_ne!(members(&KeySet::generate().unwrap()), members(&set));
    }

    #[test]
    fn a_rotation_puts_a_new_key_first_and_keeps_the_others() {
        let one = KeySet::generate().unwrap();
        let two = one.with_new_key().unwrap();
        assert_eq!(members(&two)["keys"][1], members(&one)["keys"][0]);
        let many = (0..20).fold(two, |set, _| set.with_new_key().unwrap());
        assert_eq!(KeySet::parse(&many.to_json()).unwrap().keys().len(), MOST_KEYS);
    }

    #[test]
    fn what_is_no_set_of_private_keys_is_refused_and_named() {
        let set = members(&KeySet::generate().unwrap().with_new_key().unwrap());
        let parse = |set: &Value| KeySet::parse(&set.to_string()).err();
        assert_eq!(parse(&set), None);
        for (member, wrong, error) in [
            ("kty", json!("OKP"), KeySetError::Key(2)),
            ("crv", json!("P-384"), KeySetError::Key(2)),
            ("alg", json!("ES384"), KeySetError::Key(2)),
            ("use", json!("enc"), KeySetError::Key(2)),
            ("kid", json!("a b"), KeySetError::Key(2)),
            ("kid", set["keys"][0]["kid"].clone(), KeySetError::Repeated(2)),
            ("kid", Value::Null, KeySetError::NotASet),
            ("d", Value::Null, KeySetError::NotASet),
            ("d", set["keys"][0]["d"].clone(), KeySetError::Key(2)),
            ("d", json!("AA"), KeySetError::Key(2)),
            ("x", set["keys"][0]["x"].clone(), KeySetError::Key(2)),
        ] {
            let mut altered = set.clone();
            altered["keys"][1][member] = wrong;
            assert_eq!(parse(&altered), Some(error), "{member}");
        }
        assert_eq!(parse(&json!({"keys": []})), Some(KeySetError::Count));
        assert_eq!(parse(&set["keys"][0]), Some(KeySetError::NotASet));
        assert_eq!(KeySet::parse("").err(), Some(KeySetError::NotASet));
    }

    #[test]
    fn a_set_of_another_maker_needs_no_alg_and_may_say_more() {
        let mut set = members(&KeySet::generate().unwrap());
        let key = set["keys"][0].as_object_mut().unwrap();
        key.remove("alg");
        key.remove("use");
        key.insert("key_ops".into(), json!(["sign"]));
        key["kid"] = json!("2026-03");
        assert_eq!(KeySet::parse(&set.to_string()).unwrap().keys()[0].public().kid(), "2026-03");
    }
}
