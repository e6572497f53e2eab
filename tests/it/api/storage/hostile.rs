//! Bodies that are not what they should be: each is refused clearly, and nothing of it is stored.

use axum::body::{Body, Bytes};
use axum::http::Method;
use futures_util::stream;
use serde_json::json;
use tests::{Browser, TestApp};

use super::{keys, post_text, rows, set, value};

const SET: &str = "/api/storage/set";

/// Puts the text into the place of the value, of the metadata, of the whole body; each with what is to be answered.
async fn refused(ada: &mut Browser, body: &str, status: u16, code: &str) {
    for (path, body) in [(SET, body.to_owned()), ("/api/storage/batch/set", format!("{{\"items\":[{body}]}}"))] {
        let answer = post_text(ada, path, body.clone()).await;
        let shown: String = body.chars().take(80).collect();
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{path} {shown}");
    }
}

#[tokio::test]
async fn what_is_no_sound_body_is_refused_and_leaves_nothing() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let deep_object = format!("{}1{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(8 * 1024));
    for (body, status, code) in [
        (r#"{"key":1,"value":1}"#, 422, "invalid_body"),
        (r#"{"key":null,"value":1}"#, 422, "invalid_body"),
        (r#"{"key":["a"],"value":1}"#, 422, "invalid_body"),
        (r#"{"key":"a"}"#, 422, "invalid_body"),
        (r#"{"value":1}"#, 422, "invalid_body"),
        (r#"{"key":"a","value":1,"version":7}"#, 422, "invalid_body"),
        (r#"{"key":"a","key":"b","value":1}"#, 422, "invalid_body"),
        (r#"{"key":"a","value":1,"value":2}"#, 422, "invalid_body"),
        (r#"{"key":"a","value":1,"metadata":{},"metadata":{}}"#, 422, "invalid_body"),
        (r#"{"key":"\ud800","value":1}"#, 400, "malformed_json"),
        (r#"{"key":"a\ud800b","value":1}"#, 400, "malformed_json"),
        (r#"{"key":"\u0000","value":1}"#, 400, "invalid_key"),
        (r#"{"key":"","value":1}"#, 400, "invalid_key"),
        (r#"{"key":"a","value":}"#, 400, "malformed_json"),
        (r#"{"key":"a","value":NaN}"#, 400, "malformed_json"),
        (r#"{"key":"a","value":01}"#, 400, "malformed_json"),
        (r#"{"key":"a","value":"tab	"}"#, 400, "malformed_json"),
        (r#"{"key":"a","value":1"#, 400, "malformed_json"),
        (r#"{"key":"a","value":1,"metadata":[]}"#, 422, "invalid_metadata"),
        (r#"{"key":"a","value":1,"metadata":"{}"}"#, 422, "invalid_metadata"),
        (r#"{"key":"a","value":1,"metadata":{"a":1,"a":2}}"#, 422, "invalid_metadata"),
        (r#"{"key":"a","value":1,"metadata":{"a":"\u0000"}}"#, 422, "invalid_metadata"),
        (r#"{"key":"a","value":1,"metadata":{"a":"\ud800"}}"#, 422, "invalid_metadata"),
        (&format!(r#"{{"key":"a","value":{deep}}}"#), 422, "value_too_deep"),
        (&format!(r#"{{"key":"a","value":{deep_object}}}"#), 422, "value_too_deep"),
        (&format!(r#"{{"key":"a","value":1,"metadata":{deep_object}}}"#), 413, "metadata_too_large"),
        (&format!(r#"{{"key":"a","value":1,"metadata":{large}}}"#), 413, "metadata_too_large"),
    ] {
        refused(&mut ada, body, status, code).await;
    }
    let not_utf8 = b"{\"key\":\"a\",\"value\":\"\xff\"}".to_vec();
    assert_eq!(post_text(&mut ada, SET, not_utf8).await.code(), "malformed_json");
    let text = ada.send(Method::POST, SET, Some(("text/plain", b"{\"key\":\"a\",\"value\":1}".to_vec()))).await;
    assert_eq!(text.code(), "unsupported_media_type");
    assert_eq!(post_text(&mut ada, SET, deep).await.status, 422);
    assert_eq!(rows(&app).await, (0, 0, 0));
}

#[tokio::test]
async fn a_value_is_kept_byte_for_byte() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    for json in [
        r#""\ud800""#,
        r#""\u0000""#,
        r#"{"a":1,"a":2}"#,
        "1e999",
        "-0.0",
        "123456789012345678901234567890.10",
        r#"{ "b" : [ 1 , 2 ] ,  "a":"\u00e9\/" }"#,
        "\"\u{1F600}\u{2028}\u{feff}\"",
        &format!("{}{}", "[".repeat(100), "]".repeat(100)),
    ] {
        let stored = post_text(&mut ada, SET, format!(r#"{{"key":"n","value":{json}}}"#)).await;
        assert_eq!(stored.status, 200, "{}", stored.text());
        let got = ada.get("/api/storage/get?key=n").await.text();
        assert!(got.contains(&format!(r#""value":{json},"#)), "{json} came back as {got}");
    }
}

#[tokio::test]
async fn a_key_is_only_a_key() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let odd =
        ["../../x", "/etc/passwd", "a/../b", "%2e%2e", "'; DROP TABLE users; --", "__proto__", "ключ", "\u{202e}x"];
    for key in odd {
        set(&mut ada, key, json!(key)).await;
    }
    let mut sorted = odd.to_vec();
    sorted.sort_unstable();
    assert_eq!(keys(&mut ada).await, sorted);
    assert_eq!(value(&mut ada, "..%2F..%2Fx").await, "../../x");
    // Two ways to write one letter are two keys.
    set(&mut ada, "\u{e9}", json!(1)).await;
    set(&mut ada, "e\u{301}", json!(2)).await;
    assert_eq!(value(&mut ada, "%C3%A9").await, 1);
}

#[tokio::test]
async fn a_body_of_a_hundred_megabytes_is_not_read_to_its_end() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let sent = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    for path in [SET, "/api/storage/batch/set"] {
        let mut request = ada.request(&Method::POST, path, Some(("application/json", Vec::new())));
        let counter = std::sync::Arc::clone(&sent);
        let chunks = (0..100).map(move |_| {
            counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 1 << 20]))
        });
        *request.body_mut() = Body::from_stream(stream::iter(chunks));
        let answer = ada.send_request(request).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (413, "payload_too_large"));
        assert!(sent.swap(0, std::sync::atomic::Ordering::SeqCst) < 10, "{path} stopped at its limit");
    }
    assert_eq!(rows(&app).await, (0, 0, 0));
}
