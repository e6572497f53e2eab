//! Batches: all or nothing, item by item.

use serde_json::{Value, json};
use tests::{Browser, TestApp};

use super::{keys, rows, set, value};

const SET: &str = "/api/storage/batch/set";
const GET: &str = "/api/storage/batch/get";
const DELETE: &str = "/api/storage/batch/delete";

async fn statuses(browser: &mut Browser, items: Value) -> Vec<Value> {
    let answer = browser.post(GET, json!({"items": items})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["items"].as_array().unwrap().iter().map(|item| item["status"].clone()).collect()
}

#[tokio::test]
async fn a_batch_is_stored_read_and_deleted() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let items: Vec<Value> =
        (0..100).map(|n| json!({"key": format!("k{n}"), "value": n, "metadata": {"n": n}})).collect();
    let stored = ada.post(SET, json!({"items": items})).await.json();
    let versions: Vec<i64> =
        stored["items"].as_array().unwrap().iter().map(|item| item["version"].as_i64().unwrap()).collect();
    assert_eq!(versions, (1..=100).collect::<Vec<_>>());
    assert_eq!(stored["items"][7]["key"], "k7");

    let got = ada.post(GET, json!({"items": [{"key": "k7"}, {"key": "none"}, {"key": "k3"}]})).await.json();
    let expected = |n: i64| {
        json!({"key": format!("k{n}"), "status": "found", "value": n, "version": n + 1, "metadata": {"n": n},
            "etag": format!("\"{}\"", n + 1), "updated_at": "2026-03-14T15:09:26Z"})
    };
    assert_eq!(got["items"], json!([expected(7), {"key": "none", "status": "not_found"}, expected(3)]));
    let known = json!([{"key": "k7", "if_none_match": "\"8\""}, {"key": "k3", "if_none_match": "\"8\""}]);
    assert_eq!(statuses(&mut ada, known).await, ["not_modified", "found"]);

    let deleted = ada.post(DELETE, json!({"items": [{"key": "k7"}, {"key": "none"}]})).await.json();
    assert_eq!(deleted["items"], json!([{"key": "k7", "deleted": true}, {"key": "none", "deleted": false}]));
    assert_eq!(rows(&app).await, (99, 1, 0));
}

#[tokio::test]
async fn where_one_items_condition_fails_nothing_happens() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    set(&mut ada, "a", json!("before")).await;
    for (name, condition) in [("if_none_match", "*"), ("if_match", "\"99\"")] {
        let refused = ada
            .post(SET, json!({"items": [{"key": "new", "value": 1}, {"key": "a", "value": 1, name: condition}]}))
            .await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (412, "version_mismatch"));
        assert!(refused.json()["detail"].as_str().unwrap().ends_with("Items, counted from 0: 1."));
    }
    let refused = ada.post(DELETE, json!({"items": [{"key": "a"}, {"key": "new", "if_match": "*"}]})).await;
    assert_eq!(refused.code(), "version_mismatch");
    assert_eq!((value(&mut ada, "a").await, keys(&mut ada).await.len()), (json!("before"), 1));
    let right = json!({"items": [{"key": "a", "value": 2, "if_match": "\"1\""},
        {"key": "new", "value": 1, "if_none_match": "*"}]});
    assert_eq!(ada.post(SET, right).await.status, 200);
    assert_eq!(rows(&app).await, (2, 0, 1));
}

#[tokio::test]
async fn a_batch_that_is_not_sound_changes_nothing() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    set(&mut ada, "a", json!("before")).await;
    let many: Vec<Value> = (0..101).map(|n| json!({"key": n.to_string(), "value": n})).collect();
    for (items, status, code) in [
        (json!(many), 422, "invalid_batch"),
        (json!([]), 422, "invalid_batch"),
        (json!([{"key": "a", "value": 1}, {"key": "a", "value": 2}]), 422, "duplicate_key"),
        (json!([{"key": "b", "value": 1}, {"key": "\u{0}", "value": 2}]), 400, "invalid_key"),
        (json!([{"key": "b", "value": 1}, {"key": "c"}]), 422, "invalid_body"),
        (json!([{"key": "b", "value": 1}, {"key": "c", "value": 1, "metadata": []}]), 422, "invalid_metadata"),
        (json!([{"key": "b", "value": 1}, {"key": "c", "value": 1, "if_match": "1"}]), 400, "invalid_if_match"),
        (json!([{"key": "b", "value": 1, "if_none_match": ""}]), 400, "invalid_if_none_match"),
        (json!([{"key": "b", "value": 1, "other": 1}]), 422, "invalid_body"),
        (json!({"key": "b", "value": 1}), 422, "invalid_body"),
    ] {
        let refused = ada.post(SET, json!({"items": items})).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (status, code));
    }
    let named = |count: usize| (0..count).map(|n| json!({"key": n.to_string()})).collect::<Vec<_>>();
    for path in [GET, DELETE] {
        for (items, code) in [
            (json!(named(101)), "invalid_batch"),
            (json!([]), "invalid_batch"),
            (json!([{"key": "a"}, {"key": "a"}]), "duplicate_key"),
            (json!([{"key": ""}]), "invalid_key"),
            (json!([{"key": 1}]), "invalid_body"),
            (json!(["a"]), "invalid_body"),
        ] {
            assert_eq!(ada.post(path, json!({"items": items})).await.code(), code, "{path}");
        }
    }
    assert_eq!(rows(&app).await, (1, 0, 0));
    assert_eq!(value(&mut ada, "a").await, "before");
}

#[tokio::test]
async fn a_batch_reaches_ones_own_keys_only() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    set(&mut ada, "note", json!("ada's")).await;
    assert_eq!(statuses(&mut grace, json!([{"key": "note"}])).await, ["not_found"]);
    let deleted = grace.post(DELETE, json!({"items": [{"key": "note"}]})).await.json();
    assert_eq!(deleted["items"][0]["deleted"], false);
    let set = json!({"items": [{"key": "note", "value": "grace's", "if_none_match": "*"}]});
    assert_eq!(grace.post(SET, set).await.status, 200);
    assert_eq!(value(&mut ada, "note").await, "ada's");
}

#[tokio::test]
async fn what_would_make_the_answer_too_long_is_left_off() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    for key in ["a", "b", "c"] {
        set(&mut ada, key, json!("x".repeat(1_800_000))).await;
    }
    set(&mut ada, "large", json!("x".repeat(4 * 1024 * 1024 - 2))).await;
    let all = json!([{"key": "a"}, {"key": "b"}, {"key": "c"}]);
    assert_eq!(statuses(&mut ada, all).await, ["found", "found", "left_off"]);
    let all = json!([{"key": "large"}, {"key": "a"}, {"key": "none"}]);
    assert_eq!(statuses(&mut ada, all).await, ["found", "left_off", "not_found"], "the first always comes");
}

#[tokio::test]
async fn an_api_key_that_reads_gets_batches_and_sets_none() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    set(&mut ada, "note", json!(1)).await;
    ada.step_up().await;
    for (scope, read, write) in [("storage:read", 200, 403), ("storage:write", 403, 200)] {
        let body = json!({"name": "n", "scopes": [scope], "expires_in_days": 1});
        let made = ada.post("/api/auth/api-keys", body).await;
        let mut client = app.browser();
        client.bearer = Some(made.json()["key"].as_str().unwrap_or_else(|| panic!("{}", made.text())).to_owned());
        let note = json!({"items": [{"key": "note"}]});
        assert_eq!(client.post(GET, note.clone()).await.status, read);
        assert_eq!(client.post("/api/storage/keys/search", json!({})).await.status, read);
        assert_eq!(client.post("/api/storage/versions/search", json!({"key": "note"})).await.status, read);
        assert_eq!(client.post(SET, json!({"items": [{"key": "note", "value": 2}]})).await.status, write);
        assert_eq!(client.post(DELETE, note).await.status, write);
        let forget = client.post("/api/storage/versions/forget", json!({})).await;
        assert_eq!((forget.status.as_u16(), forget.code().as_str()), (403, "api_key_refused"));
        set(&mut ada, "note", json!(1)).await;
    }
}
