//! Versions, entity tags and conditional requests.

use axum::http::Method;
use serde_json::json;
use tests::TestApp;

use super::{rows, send, set, set_if, value};

const GET: &str = "/api/storage/get?key=note";
const DELETE: &str = "/api/storage/delete?key=note";

#[tokio::test]
async fn a_version_rises_with_each_change_and_never_comes_back() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let mut last = 0;
    for turn in 0..8 {
        let stored = ada.post("/api/storage/set", json!({"key": "note", "value": turn})).await;
        let version = stored.json()["version"].as_i64().unwrap();
        assert!(version > last, "{version} after {last}");
        last = version;
        assert_eq!(stored.headers["etag"], format!("\"{version}\""));
        assert_eq!(stored.json()["etag"], format!("\"{version}\""));
        let got = ada.get(GET).await;
        assert_eq!((&got.headers["etag"], &got.json()["version"]), (&stored.headers["etag"], &json!(version)));
        match turn {
            2 => assert_eq!(ada.delete(DELETE).await.status, 204),
            4 => {
                ada.post("/api/storage/clear", json!(null)).await;
                ada.post("/api/storage/versions/forget", json!({})).await;
                assert_eq!(rows(&app).await, (0, 0, 0));
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn what_is_known_already_is_not_sent_again() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    set(&mut ada, "note", json!("text")).await;
    let tag = ada.get(GET).await.headers["etag"].to_str().unwrap().to_owned();
    for condition in [tag.clone(), format!("\"99\", W/{tag}"), "*".to_owned()] {
        let answer = send(&mut ada, Method::GET, GET, ("if-none-match", &condition), None).await;
        assert_eq!((answer.status.as_u16(), answer.headers["etag"].to_str().unwrap()), (304, tag.as_str()));
        assert!(answer.body.is_empty());
    }
    for condition in ["\"99\"", "nonsense"] {
        assert_eq!(send(&mut ada, Method::GET, GET, ("if-none-match", condition), None).await.status, 200);
    }
    let elsewhere = "/api/storage/get?key=other";
    assert_eq!(send(&mut ada, Method::GET, elsewhere, ("if-none-match", "*"), None).await.status, 404);
}

#[tokio::test]
async fn a_change_happens_under_its_condition_only() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let refused = set_if(&mut ada, "note", json!(0), ("if-match", "*")).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (412, "version_mismatch"));
    let created = set_if(&mut ada, "note", json!(1), ("if-none-match", "*")).await;
    assert_eq!(created.status, 200);
    assert_eq!(set_if(&mut ada, "note", json!(2), ("if-none-match", "*")).await.code(), "version_mismatch");
    let first = created.headers["etag"].to_str().unwrap().to_owned();
    let second = set_if(&mut ada, "note", json!(2), ("if-match", &first)).await;
    assert_eq!(second.status, 200);
    for stale in [first.clone(), format!("W/{}", second.headers["etag"].to_str().unwrap()), "\"x\"".into()] {
        assert_eq!(set_if(&mut ada, "note", json!(3), ("if-match", &stale)).await.code(), "version_mismatch");
        let gone = send(&mut ada, Method::DELETE, DELETE, ("if-match", &stale), None).await;
        assert_eq!(gone.code(), "version_mismatch");
    }
    assert_eq!(value(&mut ada, "note").await, 2);
    let tag = second.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(send(&mut ada, Method::DELETE, DELETE, ("if-match", &tag), None).await.status, 204);
    assert_eq!(set_if(&mut ada, "note", json!(4), ("if-match", &tag)).await.status, 412, "what is gone has no version");
    assert_eq!(set_if(&mut ada, "note", json!(4), ("if-none-match", "*")).await.status, 200, "it can be made anew");
}

#[tokio::test]
async fn a_condition_that_can_not_be_understood_is_not_taken_for_none() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    set(&mut ada, "note", json!(1)).await;
    for (name, code) in [("if-match", "invalid_if_match"), ("if-none-match", "invalid_if_none_match")] {
        assert_eq!(set_if(&mut ada, "note", json!(2), (name, "1")).await.code(), code);
        assert_eq!(send(&mut ada, Method::DELETE, DELETE, (name, ""), None).await.code(), code);
    }
    assert_eq!(value(&mut ada, "note").await, 1);
}

#[tokio::test]
async fn metadata_comes_back_as_it_was_set() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let body = br#"{"key":"note","value":1,"metadata":{"b":1.0,"a":"\u00e9"}}"#.to_vec();
    assert_eq!(super::post_text(&mut ada, "/api/storage/set", body).await.status, 200);
    let got = ada.get(GET).await;
    assert!(got.text().contains(r#""metadata":{"b":1.0,"a":"\u00e9"}"#), "{}", got.text());
    set(&mut ada, "note", json!(2)).await;
    assert_eq!(ada.get(GET).await.json()["metadata"], json!(null), "a set without any leaves none");
}
