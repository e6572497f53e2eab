//! `/.well-known/jwks.json`, and how the keys in it change.

use std::sync::{Arc, Mutex};

use auth::tokens::{KeySet, KeySource, TokenSigner};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde_json::{Value, json};
use shared::config::ConfigError;
use tests::{Log, TestApp};

use super::access_tokens::{claims, key_set};

/// What a secret in Secrets Manager holds: keys, something else, or nothing that can be read.
#[derive(Clone)]
struct Secret(Arc<Mutex<Option<String>>>);

impl Secret {
    fn holding(keys: &KeySet) -> Self {
        Self(Arc::new(Mutex::new(Some(keys.to_json().to_string()))))
    }

    fn set(&self, text: Option<String>) {
        *self.0.lock().unwrap() = text;
    }

    fn signer(&self, app: &TestApp) -> TokenSigner {
        let this = self.clone();
        let read = move || {
            let refused = ConfigError::Secret("WARD_TOKEN_KEYS_SECRET_ID", "Secrets Manager refused");
            this.0.lock().unwrap().clone().map(SecretString::from).ok_or(refused)
        };
        TokenSigner::new(&app.platform, KeySource::Function(Arc::new(read))).unwrap()
    }
}

/// The id of the set's key at a place.
fn kid(set: &KeySet, at: usize) -> String {
    set.keys()[at].public().kid().to_owned()
}

/// The id of the key that signs now, from a token that it signs.
async fn signing(signer: &TokenSigner, app: &TestApp) -> String {
    let token = signer.sign(&claims(app)).await.unwrap();
    assert!(app.platform.tokens.verify(&token).await.unwrap().is_some(), "whatever is signed is taken");
    let header: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

/// The ids in the JWK Set of an application that signs nothing itself.
async fn published(app: &TestApp) -> Vec<String> {
    let keys = app.browser().get("/.well-known/jwks.json").await.json();
    keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// An application whose keys come from nowhere but the test.
async fn without_keys() -> TestApp {
    TestApp::with(&[("WARD_TOKEN_KEYS", "")]).await
}

#[tokio::test]
async fn the_key_set_shows_public_members_and_may_be_kept() {
    let app = TestApp::new().await;
    let answer = app.browser().get("/.well-known/jwks.json").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["cache-control"], "public, max-age=300");
    assert_eq!(answer.headers["content-type"], "application/json");
    let private: Value = serde_json::from_str(&key_set(&app).to_json()).unwrap();
    let mut public = private.clone();
    let d = public["keys"][0].as_object_mut().unwrap().remove("d").unwrap();
    assert_eq!(answer.json(), public);
    assert!(!answer.text().contains(d.as_str().unwrap()));

    let rows = app.superuser().await.query("SELECT token_keys::text FROM token_keys", &[]).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert!(!rows[0].get::<_, &str>(0).contains(d.as_str().unwrap()), "the database holds public halves only");
}

#[tokio::test]
async fn without_keys_the_set_is_empty() {
    let app = without_keys().await;
    assert_eq!(app.browser().get("/.well-known/jwks.json").await.json(), json!({"keys": []}));
}

#[tokio::test]
async fn a_new_key_is_published_at_once_and_signs_when_everybody_knows_it() {
    let app = without_keys().await;
    let one = KeySet::generate().unwrap();
    let two = one.with_new_key().unwrap();
    let (old, new) = (kid(&one, 0), kid(&two, 0));
    let secret = Secret::holding(&one);
    let signer = secret.signer(&app);
    let token = signer.sign(&claims(&app)).await.unwrap();
    assert_eq!(published(&app).await, std::slice::from_ref(&old));

    secret.set(Some(two.to_json().to_string()));
    app.clock.advance(299);
    assert_eq!(signing(&signer, &app).await, old);
    assert_eq!(published(&app).await, std::slice::from_ref(&old), "the secret is read again after five minutes");
    app.clock.advance(1);
    assert_eq!(signing(&signer, &app).await, old);
    assert_eq!(published(&app).await, [new.clone(), old.clone()]);
    app.clock.advance(299);
    assert_eq!(signing(&signer, &app).await, old, "an answer from before may still be kept somewhere");
    app.clock.advance(1);
    assert_eq!(signing(&signer, &app).await, new);
    assert!(app.platform.tokens.verify(&token).await.unwrap().is_some(), "what the old key signed is still taken");

    // Another function that starts now needs no five minutes: the key is known already.
    assert_eq!(signing(&secret.signer(&app), &app).await, new);
}

#[tokio::test]
async fn a_key_taken_out_is_taken_for_an_hour_more_and_then_no_longer() {
    let app = without_keys().await;
    let one = KeySet::generate().unwrap();
    let two = one.with_new_key().unwrap();
    let (old, new) = (kid(&one, 0), kid(&two, 0));
    let secret = Secret::holding(&two);
    let signer = secret.signer(&app);
    signing(&signer, &app).await;

    let mut only_new: Value = serde_json::from_str(&two.to_json()).unwrap();
    only_new["keys"].as_array_mut().unwrap().pop();
    secret.set(Some(only_new.to_string()));
    app.clock.advance(300);
    assert_eq!(signing(&signer, &app).await, new);
    let of_old = || one.keys()[0].sign(&claims(&app)).unwrap();
    assert!(app.platform.tokens.verify(&of_old()).await.unwrap().is_some());
    assert!(published(&app).await.contains(&old), "its tokens are still about");
    app.clock.advance(3_599);
    assert_eq!(signing(&signer, &app).await, new);
    assert!(app.platform.tokens.verify(&of_old()).await.unwrap().is_some());
    app.clock.advance(1);
    let fresh = of_old();
    assert!(app.platform.tokens.verify(&fresh).await.unwrap().is_none(), "also a token that began just now");
    assert_eq!(published(&app).await, [new]);
    let rows = app.superuser().await.query("SELECT 1 FROM token_keys", &[]).await.unwrap();
    assert_eq!(rows.len(), 2, "which key signed what can be told for good");
}

#[tokio::test]
async fn a_key_that_comes_back_is_published_anew() {
    let app = without_keys().await;
    let (one, other) = (KeySet::generate().unwrap(), KeySet::generate().unwrap());
    let secret = Secret::holding(&one);
    let signer = secret.signer(&app);
    signing(&signer, &app).await;
    secret.set(Some(other.to_json().to_string()));
    app.clock.advance(4_000);
    assert_eq!(signing(&signer, &app).await, kid(&other, 0));
    let mut both: Value = serde_json::from_str(&one.to_json()).unwrap();
    let more: Value = serde_json::from_str(&other.to_json()).unwrap();
    both["keys"].as_array_mut().unwrap().push(more["keys"][0].clone());
    secret.set(Some(both.to_string()));
    app.clock.advance(300);
    assert_eq!(signing(&signer, &app).await, kid(&other, 0));
    app.clock.advance(300);
    assert_eq!(signing(&signer, &app).await, kid(&one, 0));
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_leaves_the_last_keys() {
    let (log, _logging) = Log::start();
    let app = without_keys().await;
    let one = KeySet::generate().unwrap();
    let secret = Secret::holding(&one);
    let signer = secret.signer(&app);
    signing(&signer, &app).await;
    for broken in [None, Some("marker-7f".to_owned()), Some(r#"{"keys": []}"#.to_owned())] {
        secret.set(broken);
        app.clock.advance(300);
        assert_eq!(signing(&signer, &app).await, kid(&one, 0));
    }
    let two = one.with_new_key().unwrap();
    secret.set(Some(two.to_json().to_string()));
    app.clock.advance(300);
    signing(&signer, &app).await;
    assert_eq!(published(&app).await.len(), 2, "it was read once it could be");

    let log = log.text();
    assert_eq!(log.matches("the token keys could not be read again").count(), 3, "{log}");
    let private: Value = serde_json::from_str(&two.to_json()).unwrap();
    for secret in ["marker-7f", private["keys"][0]["d"].as_str().unwrap(), private["keys"][1]["d"].as_str().unwrap()] {
        assert!(!log.contains(secret), "the log holds a secret");
    }
}

#[tokio::test]
async fn keys_that_are_none_are_told_at_the_start() {
    let app = without_keys().await;
    let source = KeySource::Setting(SecretString::from(r#"{"keys": [{"kty": "marker-7f"}]}"#.to_owned()));
    let error = TokenSigner::new(&app.platform, source).err().unwrap().to_string();
    assert!(error.contains("WARD_TOKEN_KEYS") && error.contains("ward token-key"), "{error}");
    assert!(!error.contains("marker"), "{error}");
}

#[tokio::test]
async fn a_row_that_is_no_key_is_passed_over() {
    let app = TestApp::new().await;
    let database = app.superuser().await;
    for (kid, jwk) in [("rsa", json!({"kty": "RSA"})), ("two", json!({"kid": "one"})), ("none", Value::Null)] {
        let sql = "INSERT INTO token_keys (kid, jwk, created_at) VALUES ($1, $2, now())";
        database.execute(sql, &[&kid, &jwk]).await.unwrap();
    }
    assert_eq!(published(&app).await, [kid(&key_set(&app), 0)]);
}
