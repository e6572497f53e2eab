//! What a person does with the product, whichever way it runs.

use axum::http::{Method, StatusCode};
use serde_json::json;
use tests::Browser;

use crate::api::files;

/// Registers, keeps a note and files, talks to the model, sees what that cost, and leaves.
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

    files(browser).await;
    let restore = json!({ "key": "note", "version": 1 });
    let restored = browser.post("/api/storage/versions/restore", restore).await;
    assert_eq!((restored.status, &restored.headers["etag"]), (StatusCode::OK, &"\"2\"".parse().expect("a header")));
    let mut known = browser.request(&Method::GET, "/api/storage/get?key=note", None);
    known.headers_mut().insert("if-none-match", "\"2\"".parse().expect("a header"));
    let unchanged = browser.send_request(known).await;
    assert_eq!((unchanged.status, unchanged.body.len()), (StatusCode::NOT_MODIFIED, 0));
    let export = browser.get("/api/account/export").await;
    assert_eq!(export.headers["content-type"], "application/zip", "{}", export.text());
    assert!(export.body.starts_with(b"PK") && export.text().contains("manifest.json"), "bytes arrive as they are");

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

/// Keeps a small file and a large one, of bytes that are no text.
async fn files(browser: &mut Browser) {
    let small = [b"\x89PNG\r\n\x1a\n\xff\xfe".to_vec(), files::bytes(100_000)].concat();
    let file = files::upload(browser, "scan.png", "image/png", &small).await;
    let got = files::get(browser, &file, &[]).await;
    assert_eq!((got.status.as_u16(), got.body == small), (200, true), "{:?}", got.headers);
    // cargo-lambda's emulator sends every stream in chunks of its own, whose end says that it is all there.
    if let Some(length) = got.headers.get("content-length") {
        assert_eq!(length, small.len().to_string().as_str());
    }
    let part = files::get(browser, &file, &[("range", "bytes=65530-65545")]).await;
    assert_eq!((part.status, part.body), (StatusCode::PARTIAL_CONTENT, small[65_530..65_546].to_vec()));

    let large = files::bytes(4_500_000);
    let begun = files::begin(browser, "large.bin", "application/octet-stream", &large).await;
    let mut stranger = browser.clone();
    stranger.cookies.clear();
    let sent = stranger.send_request(files::put(&begun, &large)).await;
    assert_eq!(sent.status, StatusCode::OK, "{}", sent.text());
    let file = files::complete(browser, &begun).await.json();
    assert_eq!(file["state"], "ready", "{file}");
    let got = files::get(browser, &file, &[]).await;
    assert_eq!((got.status.as_u16(), got.body == large), (200, true), "{:?}", got.headers);
    let listed = browser.get("/api/files").await.json();
    assert_eq!(listed["files"].as_array().map(Vec::len), Some(2), "{listed}");
    assert_eq!(browser.delete(&files::path(&file)).await.status, StatusCode::NO_CONTENT);
}
