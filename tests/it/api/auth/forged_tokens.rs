//! Tokens that look like access tokens and are none.

use auth::tokens::KeySet;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};
use shared::identity::{AccessClaims, SigningKey};
use tests::TestApp;

use super::access_tokens::{claims, key_set, signer};

/// Somebody who knows a good token, and can even sign with the application's key.
struct Forger {
    app: TestApp,
    keys: KeySet,
    claims: AccessClaims,
    good: String,
}

impl Forger {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let (keys, claims) = (key_set(&app), claims(&app));
        let good = signer(&app).sign(&claims).await.unwrap();
        Self { app, keys, claims, good }
    }

    fn key(&self) -> &SigningKey {
        &self.keys.keys()[0]
    }

    fn jwk(&self) -> Value {
        serde_json::to_value(self.key().public().jwk()).unwrap()
    }

    /// The good token's header with one member changed.
    fn header(&self, name: &str, value: Value) -> Value {
        let mut header = json!({"typ": "at+jwt", "alg": "ES256", "kid": self.key().public().kid()});
        header[name] = value;
        header
    }

    /// The good token's claims with one changed.
    fn payload(&self, name: &str, value: Value) -> String {
        let mut payload = serde_json::to_value(&self.claims).unwrap();
        payload[name] = value;
        payload.to_string()
    }

    /// Any header over the good claims, signed.
    fn with_header(&self, header: &Value) -> String {
        sign(self.key(), header, &serde_json::to_string(&self.claims).unwrap())
    }

    /// Any payload under the good header, signed.
    fn with_payload(&self, payload: &str) -> String {
        sign(self.key(), &self.header("typ", json!("at+jwt")), payload)
    }

    /// Header and payload with an HMAC under whatever is public.
    fn hs256(&self, secret: &str) -> String {
        let message = unsigned(&self.header("alg", json!("HS256")), &serde_json::to_string(&self.claims).unwrap());
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
    }

    async fn is_refused(&self, forgeries: &[(&str, String)]) {
        for (name, token) in forgeries {
            assert_eq!(self.app.platform.tokens.verify(token).await.unwrap(), None, "{name}");
        }
        // Not because nothing would be taken.
        let good = self.with_payload(&serde_json::to_string(&self.claims).unwrap());
        for token in [&self.good, &good] {
            assert_eq!(self.app.platform.tokens.verify(token).await.unwrap(), Some(self.claims.clone()));
        }
    }
}

fn sign(key: &SigningKey, header: &Value, payload: &str) -> String {
    let jwk = serde_json::to_value(key.public().jwk()).unwrap();
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
    let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, key.expose_private(), &point, &random).unwrap();
    let message = unsigned(header, payload);
    let signature = pair.sign(&random, message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn unsigned(header: &Value, payload: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(payload))
}

#[tokio::test]
async fn another_algorithm_or_key_than_ours_is_refused() {
    let forger = Forger::new().await;
    let other = KeySet::generate().unwrap();
    let foreign = &other.keys()[0];
    let payload = serde_json::to_string(&forger.claims).unwrap();
    let none = forger.header("alg", json!("none"));
    let jwk = serde_json::to_value(foreign.public().jwk()).unwrap();
    let forgeries = [
        ("alg none", format!("{}.", unsigned(&none, &payload))),
        ("alg none with a signature", forger.with_header(&none)),
        ("HS256 under the public JWK", forger.hs256(&forger.jwk().to_string())),
        ("HS256 under the coordinate", forger.hs256(forger.jwk()["x"].as_str().unwrap())),
        ("another kid", forger.with_header(&forger.header("kid", json!(foreign.public().kid())))),
        ("no kid", forger.with_header(&json!({"typ": "at+jwt", "alg": "ES256"}))),
        ("a key nobody published", foreign.sign(&forger.claims).unwrap()),
        ("such a key under a known kid", sign(foreign, &forger.header("alg", json!("ES256")), &payload)),
        ("such a key in the header", sign(foreign, &forger.header("jwk", jwk), &payload)),
        ("a place to find a key", forger.with_header(&forger.header("jku", json!("https://evil.example/jwks.json")))),
        ("something critical", forger.with_header(&forger.header("crit", json!(["exp"])))),
        ("an ID token's typ", forger.with_header(&forger.header("typ", json!("JWT")))),
    ];
    forger.is_refused(&forgeries).await;
}

#[tokio::test]
async fn claims_that_are_not_for_us_and_for_now_are_refused() {
    let forger = Forger::new().await;
    let now = forger.claims.iat;
    let twice = serde_json::to_string(&forger.claims).unwrap().replacen('{', r#"{"role":"admin","#, 1);
    let forgeries = [
        ("expired", forger.payload("exp", json!(now))),
        ("from the future", forger.payload("iat", json!(now + 6))),
        ("good for too long", forger.payload("exp", json!(now + 3_601))),
        ("from another issuer", forger.payload("iss", json!("http://localhost:9001"))),
        ("for another audience", forger.payload("aud", json!("ward-prod"))),
        ("for several audiences", forger.payload("aud", json!([forger.claims.aud]))),
        ("with a role said twice", twice),
        ("of nobody", forger.payload("sub", Value::Null)),
        ("over 4 KiB", forger.payload("amr", json!(["x".repeat(4_096)]))),
        ("nothing at all", "{}".to_owned()),
    ];
    forger.is_refused(&forgeries.map(|(name, payload)| (name, forger.with_payload(&payload)))).await;
}

#[tokio::test]
async fn a_token_that_was_altered_is_refused() {
    let forger = Forger::new().await;
    let good = &forger.good;
    let parts: Vec<_> = good.split('.').collect();
    let admin = URL_SAFE_NO_PAD.encode(forger.payload("role", json!("admin")));
    let forgeries = [
        ("another payload", [parts[0], &admin, parts[2]].join(".")),
        ("trailing bytes", format!("{good}AAAA")),
        ("trailing padding", format!("{good}==")),
        ("a fourth part", format!("{good}.AAAA")),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("in capitals", good.to_uppercase()),
        ("nothing", String::new()),
    ];
    forger.is_refused(&forgeries).await;
}
