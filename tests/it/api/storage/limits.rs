//! What one user may keep.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Browser, TestApp};

use super::{rows, set, value};

async fn try_set(browser: &mut Browser, key: &str, value: Value) -> (u16, String) {
    let answer = browser.post("/api/storage/set", json!({"key": key, "value": value})).await;
    let code = if answer.status == 200 { String::new() } else { answer.code() };
    (answer.status.as_u16(), code)
}

fn refused(code: &str) -> (u16, String) {
    (409, code.to_owned())
}

#[tokio::test]
async fn an_account_has_so_many_keys_and_no_more() {
    let app = TestApp::with(&[("WARD_STORAGE_KEYS", "3")]).await;
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    for key in ["a", "b", "c"] {
        set(&mut ada, key, json!(1)).await;
    }
    assert_eq!(try_set(&mut ada, "d", json!(1)).await, refused("too_many_keys"));
    set(&mut ada, "a", json!(2)).await;
    set(&mut grace, "d", json!(1)).await;
    ada.delete("/api/storage/delete?key=a").await;
    set(&mut ada, "d", json!(1)).await;
    let restore = ada.post("/api/storage/versions/restore", json!({"key": "a", "version": 5})).await;
    assert_eq!((restore.status.as_u16(), restore.code().as_str()), (409, "too_many_keys"));
    let batch = json!({"items": [{"key": "b", "value": 9}, {"key": "e", "value": 9}]});
    assert_eq!(ada.post("/api/storage/batch/set", batch).await.code(), "too_many_keys");
    assert_eq!((value(&mut ada, "b").await, rows(&app).await), (json!(1), (4, 1, 1)));
}

#[tokio::test]
async fn an_account_keeps_so_many_bytes_and_no_more() {
    let app = TestApp::with(&[("WARD_STORAGE_BYTES", "10000")]).await;
    let mut ada = app.signed_in("ada").await;
    let text = |length: usize| json!("x".repeat(length - 2));
    set(&mut ada, "a", text(4_000)).await;
    set(&mut ada, "a", text(4_000)).await;
    assert_eq!(try_set(&mut ada, "a", text(4_000)).await, refused("storage_full"), "former versions count");
    let batch = json!({"items": [{"key": "b", "value": text(900)}, {"key": "c", "value": text(900)}]});
    assert_eq!(ada.post("/api/storage/batch/set", batch).await.code(), "storage_full");
    ada.post("/api/storage/clear", json!(null)).await;
    assert_eq!(try_set(&mut ada, "a", text(4_000)).await, refused("storage_full"), "and deleted keys");
    assert_eq!(rows(&app).await, (0, 1, 1));
    ada.post("/api/storage/versions/forget", json!({"key": "a"})).await;
    // A name of one byte and a value seal to 89 and 88 more bytes.
    set(&mut ada, "a", text(10_000 - 89 - 88)).await;
    assert_eq!(try_set(&mut ada, "b", json!(1)).await, refused("storage_full"));
    let metadata = json!({"key": "a", "value": 1, "metadata": {}});
    assert_eq!(ada.post("/api/storage/set", metadata).await.code(), "storage_full");
}

#[tokio::test]
async fn limits_hold_for_many_at_once() {
    let app = TestApp::with(&[("WARD_STORAGE_KEYS", "10"), ("WARD_DATABASE_POOL", "8")]).await;
    let ada = app.signed_in("ada").await;
    let sets = (0..40).map(|n| {
        let mut browser = ada.clone();
        async move { try_set(&mut browser, &format!("k{n}"), json!(n)).await }
    });
    let answers = join_all(sets).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 10);
    assert_eq!(answers.iter().filter(|answer| **answer == refused("too_many_keys")).count(), 30);
    assert_eq!(rows(&app).await, (10, 0, 0));

    let app = TestApp::with(&[("WARD_STORAGE_BYTES", "20000"), ("WARD_DATABASE_POOL", "8")]).await;
    let ada = app.signed_in("ada").await;
    let sets = (0..40).map(|n| {
        let mut browser = ada.clone();
        async move { try_set(&mut browser, &format!("k{}", n % 7), json!("x".repeat(998))).await }
    });
    let answers = join_all(sets).await;
    // Each is 1,000 bytes, a name of two, and twice 88 for the seals.
    assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 20_000 / 1_178);
    let (live, deleted, former) = rows(&app).await;
    assert_eq!(live + deleted + former, 20_000 / 1_178);
}
