//! Whatever may come as an access token: unsigned it is refused, and of what our key has signed only a token of ours, for
//! us and for now, is taken. The input is a header, a payload and what stands behind the signature, a line each.

#![no_main]

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};
use shared::config::TokenSettings;
use shared::fuzzing::access_token;
use shared::identity::{AccessClaims, VerifyingKey};

/// The key pair of RFC 7515, appendix A.3, as the tests have it.
const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const D: &str = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
const NOW: i64 = 1_773_500_966;
/// As far as another function's clock may be ahead.
const SKEW: i64 = 5;

struct Keys {
    public: VerifyingKey,
    pair: EcdsaKeyPair,
    settings: TokenSettings,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let [x, y, d] = [X, Y, D].map(|text| URL_SAFE_NO_PAD.decode(text).expect("base64url"));
    let point = [&[4], &x[..], &y[..]].concat();
    let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
    Keys {
        public: VerifyingKey::new("one", X, Y).expect("a public key"),
        pair: EcdsaKeyPair::from_private_key_and_public_key(algorithm, &d, &point, &random).expect("a key pair"),
        settings: TokenSettings {
            issuer: "https://ward.example".into(),
            audience: "ward-prod".into(),
            keys: None,
            keys_secret_id: None,
        },
    }
});

fn verify(token: &str) -> Option<AccessClaims> {
    let now = Timestamp::from_second(NOW).expect("a time");
    access_token(&KEYS.public, &KEYS.settings, now, token)
}

/// A token with any header and any payload, rightly signed.
fn signed(header: &str, payload: &str) -> String {
    let message = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let signature = KEYS.pair.sign(&SystemRandom::new(), message.as_bytes()).expect("randomness");
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fuzz_target!(|text: &str| {
    assert!(verify(text).is_none(), "nobody but us can sign");
    let mut lines = text.splitn(3, '\n').chain(["", ""]);
    let [header, payload, behind] = [(); 3].map(|()| lines.next().unwrap_or_default());
    let token = signed(header, payload);
    let Some(claims) = verify(&format!("{token}{behind}")) else { return };

    assert!(behind.is_empty(), "a token has one spelling");
    let header: Value = serde_json::from_str(header).expect("the header is JSON");
    assert_eq!(header, json!({"typ": "at+jwt", "alg": "ES256", "kid": "one"}));
    assert_eq!((claims.iss.as_str(), claims.aud.as_str()), ("https://ward.example", "ward-prod"));
    assert!(claims.iat <= NOW + SKEW && NOW < claims.exp);
    assert!((1..=AccessClaims::LIFETIME_SECONDS).contains(&(claims.exp - claims.iat)));
    let again = signed(&header.to_string(), &serde_json::to_string(&claims).expect("claims have a text"));
    assert!(again.len() > 4_096 || verify(&again) == Some(claims));
});
