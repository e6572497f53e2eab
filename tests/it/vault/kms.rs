//! The KMS keyring against moto over HTTP.

use std::sync::Arc;

use aws_sdk_kms::Client;
use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use serde_json::json;
use shared::vault::{KeyContext, Keyring, KmsKeyring, VaultError};
use tests::{Services, TestApp};
use uuid::Uuid;

fn client(endpoint: &str) -> Client {
    client_in(endpoint, "us-east-1")
}

fn client_in(endpoint: &str, region: &'static str) -> Client {
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

/// The ARN of a new key.
pub async fn new_key(endpoint: &str) -> String {
    new_key_in(endpoint, "us-east-1").await
}

/// The same in another region.
pub async fn new_key_in(endpoint: &str, region: &'static str) -> String {
    let key = client_in(endpoint, region).create_key().send().await.expect("a key");
    key.key_metadata.and_then(|key| key.arn).expect("its ARN")
}

/// A keyring on a new key.
pub async fn keyring(endpoint: &str) -> KmsKeyring {
    let client = client(endpoint);
    let key = client.create_key().send().await.expect("a key").key_metadata.expect("its description");
    KmsKeyring::new(client, key.key_id)
}

fn context(subject: Uuid, version: u32) -> KeyContext<'static> {
    KeyContext { app: "ward", env: "test", subject, version }
}

#[tokio::test]
async fn a_data_key_opens_in_its_own_context_only() {
    let keyring = keyring(Services::get().moto()).await;
    keyring.describe().await.unwrap();
    let subject = Uuid::from_u128(7);
    let made = keyring.generate(&context(subject, 1)).await.unwrap();
    let opened = keyring.unwrap(&made.wrapped.bytes, &context(subject, 1)).await.unwrap();
    assert_eq!(opened.expose(), made.key.expose());
    for wrong in [context(Uuid::from_u128(8), 1), context(subject, 2)] {
        assert!(matches!(keyring.unwrap(&made.wrapped.bytes, &wrong).await, Err(VaultError::Rejected)));
    }
}

#[tokio::test]
async fn the_whole_path_works_on_kms() {
    let keyring = keyring(Services::get().moto()).await;
    let app = TestApp::with_keyring(&[], Arc::new(keyring)).await;
    let mut browser = app.signed_in("ada").await;
    browser.post("/api/storage/set", json!({"key": "note", "value": "sealed"})).await;
    assert_eq!(browser.get("/api/storage/get?key=note").await.json()["value"], "sealed");
    assert_eq!(browser.get("/health").await.json()["checks"]["keyring"], "ok");
}

#[tokio::test]
async fn a_kms_that_does_not_answer_is_503_and_health_says_so() {
    let keyring = KmsKeyring::new(client("http://127.0.0.1:1"), "key");
    let app = TestApp::with_keyring(&[], Arc::new(keyring)).await;
    let mut browser = app.browser();
    let names = json!({"username": "ada", "display_name": "Ada"});
    let answer = browser.post("/api/auth/passkeys/registration/options", names).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "unavailable"));
    let health = browser.get("/health").await;
    assert_eq!((health.status.as_u16(), &health.json()["checks"]["keyring"]), (503, &json!("down")));
}
