//! A warm request makes one cache and one database round trip and no KMS call. Counted, not timed.

use serde_json::json;
use std::sync::Arc;
use tests::{Proxy, Services, Target, TestApp};

use crate::api::auth::clients;
use crate::api::files;
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

    // Nor are versions, batches and lists.
    for (path, body) in [
        ("batch/set", json!({"items": [{"key": "note", "value": 2, "if_match": "*"}, {"key": "other", "value": 1}]})),
        ("batch/get", json!({"items": [{"key": "note"}, {"key": "other"}]})),
        ("batch/delete", json!({"items": [{"key": "other"}]})),
        ("keys/search", json!({"prefix": "n", "details": true})),
        ("versions/search", json!({"key": "note"})),
        ("versions/restore", json!({"key": "note", "version": 2})),
        ("versions/forget", json!({})),
    ] {
        // The first time its statement is prepared.
        let path = format!("/api/storage/{path}");
        let mut warm = browser.clone();
        for turn in 0..2 {
            let before = (cache.round_trips(), database.round_trips(), aws.round_trips());
            let answer = warm.post(&path, body.clone()).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            let after = (cache.round_trips(), database.round_trips(), aws.round_trips());
            let taken = (after.0 - before.0, after.1 - before.1, after.2 - before.2);
            assert!(turn == 0 || taken == (1, 1, 0), "{path}: {taken:?} of cache, database, KMS");
        }
    }
    // Of the directory, a list is in the cache, and one operator is one read.
    let id = browser.get("/api/auth/me").await.json()["user"]["id"].as_str().unwrap().to_owned();
    app.set_role(&id, "admin").await;
    let added = browser.post("/api/operators", json!({"name": "Clinic", "contacts": [{"name": "Ada"}]})).await;
    let operator = format!("/api/operators/{}", added.json()["id"].as_str().unwrap());
    for (path, expected) in [
        ("/api/operators", (2, 0, 0)),
        (operator.as_str(), (1, 1, 0)),
        ("/api/account", (1, 1, 0)),
        ("/api/account/access-log", (1, 1, 0)),
        ("/api/account/consents", (1, 1, 0)),
    ] {
        assert_eq!(browser.get(path).await.status, 200, "{path}");
        let before = (cache.round_trips(), database.round_trips(), aws.round_trips());
        assert_eq!(browser.get(path).await.status, 200, "{path}");
        let after = (cache.round_trips(), database.round_trips(), aws.round_trips());
        assert_eq!(
            (after.0 - before.0, after.1 - before.1, after.2 - before.2),
            expected,
            "{path}: cache, database, KMS"
        );
    }
    let operator = json!({"name": "Other", "services": [{"name": "MRI"}], "contacts": [{"name": "Ada"}]});
    let before = (cache.round_trips(), database.round_trips(), aws.round_trips());
    assert_eq!(browser.post("/api/operators", operator).await.status, 201);
    let after = (cache.round_trips(), database.round_trips(), aws.round_trips());
    assert_eq!((after.0 - before.0, after.1 - before.1, after.2 - before.2), (2, 1, 0), "the second tells the cache");

    // Nor is an access token.
    let (mut client, _) = clients::registered(&app, "grace").await;
    client.post("/api/storage/set", json!({"key": "note", "value": 1})).await;
    assert_eq!(client.get("/api/storage/get?key=note").await.status, 200);
    let before = (cache.round_trips(), database.round_trips(), aws.round_trips());
    assert_eq!(client.get("/api/storage/get?key=note").await.status, 200);
    let after = (cache.round_trips(), database.round_trips(), aws.round_trips());
    assert_eq!((after.0 - before.0, after.1 - before.1, after.2 - before.2), (1, 1, 0), "cache, database, KMS");

    // A download is one, too, whatever its range; an upload is two, with the object store between them.
    let file = files::upload(&mut browser, "scan.txt", "text/plain", &files::bytes(200_000)).await;
    files::get(&mut browser, &file, &[]).await;
    let before = (cache.round_trips(), database.round_trips(), aws.round_trips());
    assert_eq!(files::get(&mut browser, &file, &[("range", "bytes=9-")]).await.status, 206);
    let after = (cache.round_trips(), database.round_trips(), aws.round_trips());
    assert_eq!((after.0 - before.0, after.1 - before.1, after.2 - before.2), (1, 1, 0), "cache, database, KMS");
    files::upload(&mut browser, "scan.txt", "text/plain", &files::bytes(200_000)).await;
    let written = (cache.round_trips(), database.round_trips(), aws.round_trips());
    assert_eq!((written.0 - after.0, written.1 - after.1, written.2 - after.2), (1, 2, 0), "cache, database, KMS");
    browser.get("/api/files").await;
    let before = (cache.round_trips(), database.round_trips(), aws.round_trips());
    assert_eq!(browser.get("/api/files").await.status, 200);
    let after = (cache.round_trips(), database.round_trips(), aws.round_trips());
    assert_eq!((after.0 - before.0, after.1 - before.1, after.2 - before.2), (1, 1, 0), "cache, database, KMS");
}
