//! A KMS that throttles, is slow, away, or has its key disabled.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use shared::vault::keyring::Keyrings;
use shared::vault::{KeyContext, Keyring, KmsKeyring, VaultError};
use tests::{FaultyKms, KmsFault, TestApp};
use uuid::Uuid;

const CONTEXT: KeyContext<'_> = KeyContext { app: "ward", env: "test", subject: Uuid::from_u128(7), version: 1 };

async fn kms() -> (FaultyKms, KmsKeyring) {
    let kms = FaultyKms::in_region("us-east-1").await;
    let keyring = kms.keyring().await;
    (kms, keyring)
}

#[tokio::test]
async fn a_throttled_call_is_tried_again() {
    let (kms, keyring) = kms().await;
    kms.set(KmsFault::Throttles(2));
    let made = keyring.generate(&CONTEXT).await.unwrap();
    assert_eq!(kms.calls(), 3);
    assert_eq!(keyring.unwrap(&made.wrapped.bytes, &CONTEXT).await.unwrap().expose(), made.key.expose());
}

#[tokio::test]
async fn a_kms_that_throttles_on_is_503_after_four_tries() {
    let (kms, keyring) = kms().await;
    let app = TestApp::with_keyring(&[], Arc::new(keyring)).await;
    let mut browser = app.signed_in("ada").await;
    kms.set(KmsFault::Throttles(usize::MAX));
    app.clock.advance(301);
    let before = kms.calls();
    let answer = browser.post("/api/storage/set", json!({"key": "k", "value": 1})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "unavailable"));
    assert_eq!(answer.headers["retry-after"], "5");
    assert!(kms.calls() - before <= 4, "{} calls", kms.calls() - before);
    kms.set(KmsFault::None);
    assert_eq!(browser.post("/api/storage/set", json!({"key": "k", "value": 1})).await.status, 200);
}

#[tokio::test]
async fn a_disabled_key_is_unavailable_and_nothing_is_taken_for_forged() {
    let (kms, keyring) = kms().await;
    let made = keyring.generate(&CONTEXT).await.unwrap();
    kms.set(KmsFault::Disabled);
    for refused in [
        keyring.unwrap(&made.wrapped.bytes, &CONTEXT).await.map(drop),
        keyring.generate(&CONTEXT).await.map(drop),
        keyring.describe().await.map(drop),
    ] {
        assert!(matches!(refused, Err(VaultError::Unavailable(_))), "{refused:?}");
    }
    kms.set(KmsFault::None);
    assert!(keyring.unwrap(&made.wrapped.bytes, &CONTEXT).await.is_ok());
}

#[tokio::test]
async fn a_slow_kms_is_given_up_within_its_deadline_and_is_not_piled_upon() {
    let (kms, keyring) = kms().await;
    kms.set(KmsFault::Slow(Duration::from_mins(1)));
    let began = std::time::Instant::now();
    let answers = join_all((0..200).map(|_| keyring.generate(&CONTEXT))).await;
    assert!(answers.iter().all(|answer| matches!(answer, Err(VaultError::Unavailable(_)))));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    // Attempts that were given up may still be counted as under way: each of the 32 has at most three.
    assert!(kms.most_at_once() <= 96, "{} at once", kms.most_at_once());
    assert!(kms.calls() <= 128, "{} calls", kms.calls());
}

#[tokio::test]
async fn a_second_region_opens_while_the_first_is_away() {
    let (first, keyring) = kms().await;
    let second = FaultyKms::in_region("eu-central-1").await;
    let keyrings = Keyrings::new(Arc::new(keyring), vec![], Some(Arc::new(second.keyring().await)));
    let app = TestApp::with_keyrings(&[], keyrings).await;
    let mut browser = app.signed_in("ada").await;
    assert_eq!(browser.post("/api/storage/set", json!({"key": "k", "value": "v"})).await.status, 200);
    let sql = "SELECT count(*) FROM data_keys WHERE second_keyring LIKE 'arn:aws:kms:eu-central-1:%'
               AND keyring LIKE 'arn:aws:kms:us-east-1:%'";
    assert_eq!(app.superuser().await.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 2);

    first.set(KmsFault::Disabled);
    app.clock.advance(301);
    let before = second.calls();
    assert_eq!(browser.get("/api/storage/get?key=k").await.json()["value"], "v");
    assert!(second.calls() > before);
    // A key of the wrong region is no answer either: what the first wrapped the second can't open.
    let made = FaultyKms::in_region("us-west-2").await.keyring().await.generate(&CONTEXT).await.unwrap();
    let wrong = second.keyring().await.unwrap(&made.wrapped.bytes, &CONTEXT).await;
    assert!(matches!(wrong, Err(VaultError::Rejected)));
}

#[tokio::test]
async fn a_second_region_that_is_away_keeps_nobody_from_registering() {
    let (_, keyring) = kms().await;
    let second = FaultyKms::in_region("eu-central-1").await;
    second.set(KmsFault::Disabled);
    let keyrings = Keyrings::new(Arc::new(keyring), vec![], Some(Arc::new(second.keyring().await)));
    let app = TestApp::with_keyrings(&[], keyrings).await;
    app.signed_in("ada").await;
    let sql = "SELECT count(*) FROM data_keys WHERE second_wrapped IS NULL";
    assert_eq!(app.superuser().await.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 2);
}

#[tokio::test]
async fn an_old_keyring_opens_what_it_wrapped() {
    let (old, new) = (FaultyKms::in_region("us-east-1").await, FaultyKms::in_region("us-east-1").await);
    let app = TestApp::with_keyring(&[], Arc::new(old.keyring().await)).await;
    let mut browser = app.signed_in("ada").await;
    browser.post("/api/storage/set", json!({"key": "k", "value": "v"})).await;
    let (new, old): (Arc<dyn Keyring>, Arc<dyn Keyring>) =
        (Arc::new(new.keyring().await), Arc::new(old.keyring().await));
    let mut moved = app.with_other_keyrings(&browser, Keyrings::new(Arc::clone(&new), vec![old], None));
    assert_eq!(moved.get("/api/storage/get?key=k").await.json()["value"], "v");
    let mut without = app.with_other_keyrings(&browser, Keyrings::new(new, vec![], None));
    assert_eq!(without.get("/api/storage/get?key=k").await.status, 500);
}
