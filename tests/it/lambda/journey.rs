//! What a person does with the product, whichever way it runs.

use axum::http::StatusCode;
use serde_json::json;
use tests::Browser;

/// Registers, keeps a note, talks to the model, sees what that cost, and leaves.
pub async fn walk(browser: &mut Browser) {
    assert_eq!(browser.get("/health").await.json()["status"], "ok");
    let id = browser.register("ada").await;
    assert_eq!(browser.get("/api/auth/me").await.json()["user"]["id"], id.as_str());
    let keys = browser.get("/.well-known/jwks.json").await.json();
    assert_eq!(keys["keys"][0]["alg"], "ES256", "{keys}");

    let stored = browser.post("/api/storage/set", json!({ "key": "note", "value": { "text": "sealed" } })).await;
    assert_eq!(stored.status, StatusCode::OK, "{}", stored.text());
    assert_eq!(browser.get("/api/storage/get?key=note").await.json()["value"]["text"], "sealed");
    assert_eq!(browser.get("/api/storage/keys").await.json()["keys"], json!(["note"]));
    assert_eq!(browser.delete("/api/storage/delete?key=note").await.status, StatusCode::NO_CONTENT);

    let chat = browser.post("/api/chats", json!({ "title": "Hello" })).await;
    assert_eq!(chat.status, StatusCode::CREATED, "{}", chat.text());
    let chat = format!("/api/chats/{}", chat.json()["id"].as_str().expect("an id"));
    let answer = browser.post(&format!("{chat}/messages"), json!({ "content": "Who are you?" })).await;
    assert_eq!(answer.headers["content-type"], "text/event-stream", "{}", answer.text());
    let events = answer.events();
    let names: Vec<_> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert!(matches!(names.as_slice(), ["start", "delta", .., "delta", "done"]), "{names:?}");
    let said: String = events.iter().filter_map(|(_, data)| data["text"].as_str()).collect();
    let messages = browser.get(&chat).await.json()["messages"].clone();
    assert_eq!(messages[1]["content"], said.as_str(), "what was said is what is stored");

    let usage = browser.get("/api/usage").await.json();
    assert_eq!(usage["calls"]["used"], 1, "{usage}");
    assert_eq!(usage["tokens"]["used"], events[events.len() - 1].1["message"]["usage"]["total_tokens"], "{usage}");

    let left = browser.post("/api/auth/logout", serde_json::Value::Null).await;
    assert_eq!(left.status, StatusCode::NO_CONTENT, "{}", left.text());
    assert_eq!(browser.get("/api/usage").await.code(), "unauthenticated");
}
