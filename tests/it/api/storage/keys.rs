//! Lists of keys.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{Browser, TestApp};

use super::set;

const SEARCH: &str = "/api/storage/keys/search";

/// Every page of a search: its keys.
async fn pages(browser: &mut Browser, mut query: Value) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    loop {
        let answer = browser.post(SEARCH, query.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let page = answer.json();
        pages.push(serde_json::from_value(page["keys"].clone()).unwrap());
        if page["next_cursor"].is_null() {
            return pages;
        }
        query["cursor"] = page["next_cursor"].clone();
    }
}

async fn fill(browser: &mut Browser, names: impl Iterator<Item = String>) {
    let items: Vec<Value> = names.map(|key| json!({"key": key, "value": 1})).collect();
    for batch in items.chunks(100) {
        assert_eq!(browser.post("/api/storage/batch/set", json!({"items": batch})).await.status, 200);
    }
}

#[tokio::test]
async fn keys_come_a_page_at_a_time_each_once() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let names: BTreeSet<String> =
        (0..250).map(|n| format!("{}/{n}", if n % 2 == 0 { "even" } else { "odd" })).collect();
    fill(&mut ada, names.iter().cloned()).await;
    for limit in [1, 99, 125, 250, 2_000] {
        let pages = pages(&mut ada, json!({"limit": limit})).await;
        assert!(pages.iter().all(|page| page.len() <= limit && page.is_sorted()));
        assert_eq!(pages.concat().len(), 250, "none comes twice");
        assert_eq!(pages.concat().into_iter().collect::<BTreeSet<_>>(), names);
    }
    let odd = pages(&mut ada, json!({"prefix": "odd/", "limit": 30})).await.concat();
    assert_eq!(odd.len(), 125);
    assert!(odd.iter().all(|key| key.starts_with("odd/")));
    let first = ada.get("/api/storage/keys?prefix=even%2F1&limit=2000").await.json();
    assert_eq!(first["keys"].as_array().unwrap().len(), names.iter().filter(|key| key.starts_with("even/1")).count());
    assert_eq!(pages(&mut ada, json!({"prefix": "none"})).await, [Vec::<String>::new()]);
}

#[tokio::test]
async fn one_request_opens_two_thousand_names_at_most() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    fill(&mut ada, (0..2_050).map(|n| format!("k{n}"))).await;
    let first = ada.get("/api/storage/keys").await.json();
    assert_eq!(first["keys"].as_array().unwrap().len(), 2_000);
    let rare = ada.post(SEARCH, json!({"prefix": "nothing"})).await.json();
    assert_eq!(rare["keys"], json!([]));
    assert!(rare["next_cursor"].is_string(), "a page without any is not the last");
    let rest = ada.post(SEARCH, json!({"cursor": first["next_cursor"]})).await.json();
    assert_eq!((rest["keys"].as_array().unwrap().len(), &rest["next_cursor"]), (50, &json!(null)));
    let detailed = ada.post(SEARCH, json!({"details": true})).await.json();
    assert_eq!(detailed["details"].as_array().unwrap().len(), 200);
}

#[tokio::test]
async fn details_tell_what_a_front_end_needs_without_the_value() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    ada.post("/api/storage/set", json!({"key": "b", "value": "four", "metadata": {"kind": "note"}})).await;
    set(&mut ada, "a", json!("x".repeat(200_000))).await;
    let page = ada.get("/api/storage/keys?details=true").await.json();
    let time = "2026-03-14T15:09:26Z";
    assert_eq!(
        page,
        json!({"keys": ["a", "b"], "next_cursor": null, "details": [
            {"key": "a", "version": 2, "etag": "\"2\"", "bytes": 200_002, "metadata": null, "updated_at": time},
            {"key": "b", "version": 1, "etag": "\"1\"", "bytes": 6, "metadata": {"kind": "note"}, "updated_at": time},
        ]})
    );
}

#[tokio::test]
async fn deleted_keys_are_listed_until_their_time_is_over() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    for key in ["gone", "kept"] {
        set(&mut ada, key, json!(1)).await;
    }
    ada.delete("/api/storage/delete?key=gone").await;
    let page = ada.get("/api/storage/keys?deleted=true&details=true").await.json();
    assert_eq!((&page["keys"], &page["details"][0]["deleted_at"]), (&json!(["gone"]), &json!("2026-03-14T15:09:26Z")));
    assert_eq!(super::keys(&mut ada).await, ["kept"]);
    app.clock.advance(30 * 24 * 3_600);
    ada.sign_in().await;
    assert_eq!(ada.get("/api/storage/keys?deleted=true").await.json()["keys"], json!([]));
    assert_eq!(super::keys(&mut ada).await, ["kept"]);
}

#[tokio::test]
async fn a_malformed_list_of_keys_is_refused() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    for (query, code) in [
        ("limit=0", "invalid_limit"),
        ("limit=2001", "invalid_limit"),
        ("limit=201&details=true", "invalid_limit"),
        ("limit=-1", "invalid_limit"),
        ("limit=x", "invalid_query"),
        ("cursor=x", "invalid_cursor"),
        ("cursor=", "invalid_cursor"),
        ("details=yes", "invalid_query"),
        ("other=1", "invalid_query"),
    ] {
        assert_eq!(ada.get(&format!("/api/storage/keys?{query}")).await.code(), code, "{query}");
    }
    for (body, code) in [
        (json!({"limit": 0}), "invalid_limit"),
        (json!({"limit": "1"}), "invalid_body"),
        (json!({"cursor": "x"}), "invalid_cursor"),
        (json!({"prefix": 1}), "invalid_body"),
        (json!({"other": 1}), "invalid_body"),
    ] {
        assert_eq!(ada.post(SEARCH, body).await.code(), code);
    }
}

#[tokio::test]
async fn another_users_cursor_shows_nothing_of_theirs() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    for key in ["a", "b", "c"] {
        set(&mut ada, key, json!(1)).await;
    }
    set(&mut grace, "own", json!(1)).await;
    let cursor = ada.get("/api/storage/keys?limit=1").await.json()["next_cursor"].clone();
    let page = grace.post(SEARCH, json!({"cursor": cursor})).await.json();
    assert!(page["keys"].as_array().unwrap().iter().all(|key| key == "own"), "{page}");
    assert_eq!(grace.post(SEARCH, json!({"prefix": "a"})).await.json()["keys"], json!([]));
}
