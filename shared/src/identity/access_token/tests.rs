use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use ring::hmac;
use serde_json::{Value, json};

use super::*;
use crate::identity::SessionKind;

/// The key pair of RFC 7515, appendix A.3, under an id of ours.
const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const D: &str = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
/// The token that RFC 7515, appendix A.3.1 signs with it.
const EXAMPLE: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

const NOW: i64 = 1_773_500_966;

fn settings() -> TokenSettings {
    TokenSettings {
        issuer: "https://ward.example".into(),
        audience: "ward-prod".into(),
        keys: None,
        keys_secret_id: None,
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn key() -> SigningKey {
    let public = VerifyingKey::new("one", X, Y).unwrap();
    SigningKey::new(public, &URL_SAFE_NO_PAD.decode(D).unwrap()).unwrap()
}

fn claims() -> AccessClaims {
    let session = Session {
        id: Uuid::from_u128(2),
        user_id: Uuid::from_u128(1),
        role: Role::Radiologist,
        kind: SessionKind::Bearer,
        assurance: Assurance::Aal2,
        methods: vec!["pwd".into(), "otp".into()],
        authenticated_at: Timestamp::from_second(NOW - 60).unwrap(),
        created_at: now(),
        last_seen_at: now(),
        expires_at: now(),
        idle_seconds: None,
        device_id: None,
        scopes: None,
        security_version: 1,
    };
    AccessClaims::new(&settings(), &session, Uuid::from_u128(3), now())
}

fn verify(token: &str) -> Option<AccessClaims> {
    verify_under(key().public(), &settings(), now(), token)
}

fn encode(json: &str) -> String {
    URL_SAFE_NO_PAD.encode(json)
}

fn decode(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// A token with any header and any payload, correctly signed.
fn signed(header: &str, payload: &str) -> String {
    provider::install();
    let message = format!("{}.{}", encode(header), encode(payload));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key().secret(), Algorithm::ES256).unwrap();
    format!("{message}.{signature}")
}

const HEADER: &str = r#"{"typ":"at+jwt","alg":"ES256","kid":"one"}"#;

#[test]
fn a_token_says_what_was_put_in_and_looks_as_rfc_9068_has_it() {
    let token = key().sign(&claims()).unwrap();
    assert_eq!(verify(&token), Some(claims()));
    let parts: Vec<_> = token.split('.').collect();
    assert_eq!(decode(parts[0]), json!({"typ": "at+jwt", "alg": "ES256", "kid": "one"}));
    let expected = json!({
        "iss": "https://ward.example", "aud": "ward-prod", "client_id": "ward-prod",
        "sub": "00000000-0000-0000-0000-000000000001", "sid": "00000000-0000-0000-0000-000000000002",
        "jti": "00000000-0000-0000-0000-000000000003", "iat": NOW, "exp": NOW + 3600, "auth_time": NOW - 60,
        "acr": "aal2", "amr": ["pwd", "otp"], "role": "radiologist",
    });
    assert_eq!(decode(parts[1]), expected);
    assert_eq!(parts[2].len(), 86, "r and s, not DER");
}

#[test]
fn the_signature_of_the_standards_example_verifies() {
    provider::install();
    let (message, signature) = EXAMPLE.rsplit_once('.').unwrap();
    let key = key();
    let verified = |message: &str| {
        jsonwebtoken::crypto::verify(signature, message.as_bytes(), key.public().key(), Algorithm::ES256).unwrap()
    };
    assert!(verified(message));
    assert!(!verified(&message.replace('J', "K")));
}

#[test]
fn only_the_header_of_our_own_tokens_is_taken() {
    let payload = serde_json::to_string(&claims()).unwrap();
    assert!(verify(&signed(HEADER, &payload)).is_some());
    for header in [
        r#"{"alg":"ES256","kid":"one"}"#,
        r#"{"typ":"JWT","alg":"ES256","kid":"one"}"#,
        r#"{"typ":"application/at+jwt","alg":"ES256","kid":"one"}"#,
        r#"{"typ":"at+jwt","alg":"ES256"}"#,
        r#"{"typ":"at+jwt","alg":"ES256","kid":"two"}"#,
        r#"{"typ":"at+jwt","alg":"ES256","kid":7}"#,
        r#"{"typ":"at+jwt","alg":"none","kid":"one"}"#,
        r#"{"typ":"at+jwt","alg":"ES384","kid":"one"}"#,
        r#"{"typ":"at+jwt","alg":"HS256","kid":"one"}"#,
        r#"{"typ":"at+jwt","alg":"ES256","kid":"two","kid":"one"}"#,
        r#"{"typ":"at+jwt","alg":"none","alg":"ES256","kid":"one"}"#,
        r#"{"typ":"at+jwt","alg":"ES256","kid":"one","crit":["exp"]}"#,
        r#"{"typ":"at+jwt","alg":"ES256","kid":"one","crit":[]}"#,
        r#"{"typ":"at+jwt","alg":"ES256","kid":"one","b64":false}"#,
        r#"{"typ":"at+jwt","alg":"ES256","kid":"one","jku":"https://evil.example/keys"}"#,
        r#"{"typ":"at+jwt","alg":"ES256","kid":"one","x5u":"https://evil.example/chain"}"#,
        r#"{"typ":"at+jwt","alg":"ES256","kid":"one","x5c":["AA=="]}"#,
        r#"{"typ":"at+jwt","alg":"ES256","kid":"one","zip":"DEF"}"#,
        &format!(
            r#"{{"typ":"at+jwt","alg":"ES256","kid":"one","jwk":{{"kty":"EC","crv":"P-256","x":"{X}","y":"{Y}"}}}}"#
        ),
        r#"["at+jwt"]"#,
        "",
    ] {
        assert!(verify(&signed(header, &payload)).is_none(), "{header}");
    }
}

#[test]
fn the_public_key_as_a_secret_signs_nothing() {
    let payload = encode(&serde_json::to_string(&claims()).unwrap());
    let jwk = serde_json::to_vec(key().public().jwk()).unwrap();
    for secret in [key().public().key().try_get_as_bytes().unwrap(), &jwk, X.as_bytes()] {
        for alg in ["HS256", "ES256"] {
            let header = encode(&HEADER.replace("ES256", alg));
            let message = format!("{header}.{payload}");
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
            assert!(verify(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))).is_none());
        }
    }
}

#[test]
fn claims_are_for_us_and_for_now() {
    let with = |name: &str, value: Value| {
        let mut payload = serde_json::to_value(claims()).unwrap();
        payload[name] = value;
        verify(&signed(HEADER, &payload.to_string()))
    };
    assert!(with("iat", json!(NOW + 5)).is_some(), "a clock may be a little ahead");
    assert!(with("exp", json!(NOW + 1)).is_some());
    for (name, value) in [
        ("iss", json!("https://ward.example/")),
        ("iss", json!(["https://ward.example"])),
        ("aud", json!("ward-staging")),
        ("aud", json!(["ward-prod"])),
        ("exp", json!(NOW)),
        ("exp", json!(NOW - 1)),
        ("exp", json!(NOW + 3_601)),
        ("exp", json!(i64::MAX)),
        ("exp", json!(f64::MAX)),
        ("exp", json!("1773504566")),
        ("exp", Value::Null),
        ("iat", json!(NOW + 6)),
        ("iat", json!(NOW - 1)),
        ("iat", json!(i64::MIN)),
        ("sub", json!("ada")),
        ("sid", Value::Null),
        ("acr", json!("aal3")),
        ("amr", json!("pwd")),
        ("role", json!("root")),
    ] {
        assert!(with(name, value.clone()).is_none(), "{name}: {value}");
    }
}

#[test]
fn a_claim_said_twice_is_refused() {
    let payload = serde_json::to_string(&claims()).unwrap();
    for (name, value) in [("role", json!("admin")), ("sub", json!(Uuid::from_u128(9))), ("exp", json!(NOW + 60))] {
        let twice = payload.replacen('{', &format!("{{\"{name}\":{value},"), 1);
        assert!(verify(&signed(HEADER, &twice)).is_none(), "{name}");
    }
}

#[test]
fn no_other_text_is_the_same_token() {
    let token = key().sign(&claims()).unwrap();
    for wrong in [
        format!("{token}="),
        format!("{token}."),
        format!("{token}A"),
        format!("{token}\n"),
        format!(" {token}"),
        format!(".{token}"),
        token.replacen('.', "..", 1),
        token.rsplit_once('.').unwrap().0.to_owned(),
        format!("{}.", token.rsplit_once('.').unwrap().0),
        signed(HEADER, &(serde_json::to_string(&claims()).unwrap() + " {}")),
        signed(HEADER, &" ".repeat(4_096)),
        String::new(),
    ] {
        assert!(verify(&wrong).is_none(), "{wrong}");
    }
    // The last character of the signature carries bits that no byte takes: set, they would make a second spelling.
    for at in 0..token.len() {
        for bit in 0..7 {
            let mut bytes = token.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            assert!(verify(std::str::from_utf8(&bytes).unwrap()).is_none(), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn a_token_over_4_kib_is_not_looked_at() {
    let mut long = claims();
    long.amr = vec!["x".repeat(2_500).into()];
    let token = key().sign(&long).unwrap();
    assert!(token.len() <= 4_096 && verify(&token).is_some());
    long.amr = vec!["x".repeat(3_000).into()];
    let token = key().sign(&long).unwrap();
    assert!(token.len() > 4_096 && verify(&token).is_none());
}

#[test]
fn a_signing_key_needs_both_halves_of_one_pair() {
    let public = || VerifyingKey::new("one", X, Y).unwrap();
    let private = URL_SAFE_NO_PAD.decode(D).unwrap();
    assert_eq!(key().expose_private(), private);
    let other: Vec<u8> = private.iter().map(|byte| byte ^ 1).collect();
    for wrong in [&other[..], &private[..31], &[], &[0; 32], &[0xff; 32]] {
        assert!(SigningKey::new(public(), wrong).is_none());
    }
}

#[test]
fn a_public_key_is_p_256_for_es256_signatures_with_an_id() {
    let good = json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y, "kid": "one", "alg": "ES256", "use": "sig"});
    assert_eq!(serde_json::to_value(VerifyingKey::from_jwk(&good).unwrap().jwk()).unwrap(), good);
    for (member, wrong) in [
        ("kty", json!("RSA")),
        ("crv", json!("P-384")),
        ("alg", json!("ES384")),
        ("use", json!("enc")),
        ("x", json!(&X[1..])),
        ("y", json!(format!("{Y}="))),
        ("kid", json!("")),
        ("kid", json!("one two")),
        ("kid", json!("x".repeat(65))),
        ("kid", Value::Null),
    ] {
        let mut jwk = good.clone();
        jwk[member] = wrong;
        assert!(VerifyingKey::from_jwk(&jwk).is_none(), "{member}");
    }
}

#[test]
fn everything_but_es256_is_refused_without_a_panic() {
    provider::install();
    for algorithm in [Algorithm::HS256, Algorithm::RS256, Algorithm::ES384, Algorithm::EdDSA, Algorithm::PS256] {
        assert!(jsonwebtoken::crypto::sign(b"m", key().secret(), algorithm).is_err());
        assert!(jsonwebtoken::crypto::verify("AAAA", b"m", key().public().key(), algorithm).is_err());
    }
    let secret = jsonwebtoken::EncodingKey::from_secret(&[7; 97]);
    assert!(jsonwebtoken::crypto::sign(b"m", &secret, Algorithm::ES256).is_err());
}
