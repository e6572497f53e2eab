//! The marker's way through the encrypted store. Metadata is left out: it is said not to be sealed.

use serde_json::json;
use tests::{Answer, Browser};

use super::marker::MARKER;

/// Walks through every route with the marker in keys, values and prefixes, and collects refusals of all kinds.
pub async fn walk(browser: &mut Browser, refusals: &mut Vec<Answer>) {
    let key = format!("batch {MARKER}");
    let item = json!({"key": key, "value": {MARKER: MARKER}});
    for _ in 0..2 {
        assert_eq!(browser.post("/api/storage/batch/set", json!({"items": [item]})).await.status, 200);
    }
    assert_eq!(browser.post("/api/storage/batch/get", json!({"items": [{"key": key}]})).await.status, 200);
    let search = json!({"prefix": key, "details": true});
    assert_eq!(browser.post("/api/storage/keys/search", search).await.json()["keys"], json!([key]));
    let former = browser.post("/api/storage/versions/search", json!({"key": key})).await.json();
    let version = former["versions"][0]["version"].clone();
    let restore = json!({"key": key, "version": version});
    assert_eq!(browser.post("/api/storage/versions/restore", restore).await.status, 200);
    assert_eq!(browser.get(&format!("/api/storage/get?key=batch%20{MARKER}&version={version}")).await.status, 200);
    assert_eq!(browser.get("/api/account/export").await.status, 200);
    let created = json!({"items": [{"key": key, "value": MARKER, "if_none_match": "*"}]});
    refusals.push(browser.post("/api/storage/batch/set", created).await);
    refusals.push(browser.post("/api/storage/batch/set", json!({"items": [item, item]})).await);
    refusals
        .push(browser.post("/api/storage/batch/set", json!({"items": [{"key": key, "value": 1, MARKER: 1}]})).await);
    let metadata = json!({"key": key, "value": 1, "metadata": [MARKER]});
    refusals.push(browser.post("/api/storage/set", metadata).await);
    refusals.push(browser.get(&format!("/api/storage/keys?cursor={MARKER}")).await);
    refusals.push(browser.get(&format!("/api/storage/keys?limit={MARKER}")).await);
    refusals.push(browser.post("/api/storage/keys/search", json!({"cursor": MARKER})).await);
    refusals.push(browser.post("/api/storage/versions/restore", json!({"key": key, "version": MARKER})).await);
    refusals.push(browser.post("/api/storage/versions/restore", json!({"key": MARKER, "version": 1})).await);
    assert_eq!(browser.post("/api/storage/batch/delete", json!({"items": [{"key": key}]})).await.status, 200);
}
