//! A warm request makes one cache and one database round trip and no KMS call. Counted, not timed.

use serde_json::json;
use std::sync::Arc;
use tests::{Proxy, Services, Target, TestApp};

use crate::api::auth::clients;
use crate::vault::kms;

#[tokio::test]
async fn a_warm_get_is_one_cache_and_one_database_round_trip_and_no_kms_call() {
    let services = Services::get();
    let database = Proxy::before(Target::Unix(services.postgres_socket())).await;
    let cache = Proxy::before(Target::Unix(services.redis_socket().to_owned())).await;
    let moto_port = services.moto().rsplit(':').next().unwrap().parse().unwrap();
    let aws = Proxy::before(Target::Port(moto_port)).await;
    let keyring = kms::keyring(&format!("http://127.0.0.1:{}", aws.port)).await;
    let url = format!("postgres://ward@127.0.0.1:{}/{{database}}?sslmode=disable", database.port);
    let redis = format!("redis://127.0.0.1:{}", cache.port);
    let settings = [("DATABASE_URL", url.as_str()), ("REDIS_URL", &redis), ("WARD_DATABASE_POOL", "1")];
    let app = TestApp::with_keyring(&settings, Arc::new(keyring)).await;

    let mut browser = app.signed_in("ada").await;
    browser.post("/api/storage/set", json!({"key": "note", "value": {"text": "x"}})).await;
    assert_eq!(browser.get("/api/storage/get?key=note").await.status, 200);
    assert!(aws.round_trips() > 0, "the keyring is really behind the proxy");

    let before = (cache.round_trips(), database.round_trips(), aws.round_trips());
    assert_eq!(browser.get("/api/storage/get?key=note").await.json()["value"]["text"], "x");
    let after = (cache.round_trips(), database.round_trips(), aws.round_trips());
    assert_eq!((after.0 - before.0, after.1 - before.1, after.2 - before.2), (1, 1, 0), "cache, database, KMS");

    // Preferences are in the cache.
    browser.get("/api/preferences").await;
    let before = (cache.round_trips(), database.round_trips(), aws.round_trips());
    assert_eq!(browser.get("/api/preferences").await.json()["theme"], "system");
    let after = (cache.round_trips(), database.round_trips(), aws.round_trips());
    assert_eq!((after.0 - before.0, after.1 - before.1, after.2 - before.2), (2, 0, 0), "cache, database, KMS");

    // A write is no different.
    browser.post("/api/storage/set", json!({"key": "note", "value": 1})).await;
    let written = (cache.round_trips(), database.round_trips(), aws.round_trips());
    assert_eq!((written.0 - after.0, written.1 - after.1, written.2 - after.2), (1, 1, 0), "cache, database, KMS");

    // Nor is an access token.
    let (mut client, _) = clients::registered(&app, "grace").await;
    client.post("/api/storage/set", json!({"key": "note", "value": 1})).await;
    assert_eq!(client.get("/api/storage/get?key=note").await.status, 200);
    let before = (cache.round_trips(), database.round_trips(), aws.round_trips());
    assert_eq!(client.get("/api/storage/get?key=note").await.status, 200);
    let after = (cache.round_trips(), database.round_trips(), aws.round_trips());
    assert_eq!((after.0 - before.0, after.1 - before.1, after.2 - before.2), (1, 1, 0), "cache, database, KMS");
}
