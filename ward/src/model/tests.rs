//! The model as an OpenAI client meets it.

use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;

async fn send(method: &str, path: &str, body: String) -> (StatusCode, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body))
        .unwrap();
    let response = router(Duration::ZERO, Clock::system()).oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

async fn ask(extra: Value) -> (StatusCode, String) {
    let mut body = json!({
        "model": MODEL,
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": [{ "type": "text", "text": "How are you?" }] },
        ],
    });
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    send("POST", "/v1/chat/completions", body.to_string()).await
}

fn chunks(stream: &str) -> Vec<Value> {
    let data: Vec<&str> = stream.split("\n\n").filter_map(|event| event.strip_prefix("data: ")).collect();
    let (done, chunks) = data.split_last().unwrap();
    assert_eq!(*done, "[DONE]");
    chunks.iter().map(|chunk| serde_json::from_str(chunk).unwrap()).collect()
}

#[tokio::test]
async fn a_stream_holds_the_same_text_and_usage_as_the_whole_answer() {
    let (status, whole) = ask(json!({})).await;
    assert_eq!(status, StatusCode::OK);
    let whole: Value = serde_json::from_str(&whole).unwrap();
    let (_, stream) = ask(json!({ "stream": true, "stream_options": { "include_usage": true } })).await;
    let chunks = chunks(&stream);

    let text: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(whole["choices"][0]["message"]["content"], text);
    let last = chunks.last().unwrap();
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"], whole["usage"]);
    let count = text.split_whitespace().count();
    assert_eq!(last["usage"], json!({ "prompt_tokens": 5, "completion_tokens": count, "total_tokens": 5 + count }));
    // Who speaks, a chunk for each token, the reason for the end, the usage.
    assert_eq!(chunks.len(), count + 3);
    assert_eq!(chunks[chunks.len() - 2]["choices"][0]["finish_reason"], "stop");
}

#[tokio::test]
async fn usage_is_streamed_only_when_asked_for() {
    let (_, stream) = ask(json!({ "stream": true })).await;
    assert!(chunks(&stream).iter().all(|chunk| chunk.get("usage").is_none()));
}

#[tokio::test]
async fn an_answer_ends_at_its_limit_and_says_so() {
    for limit in ["max_tokens", "max_completion_tokens"] {
        let (_, whole) = ask(json!({ limit: 3 })).await;
        let whole: Value = serde_json::from_str(&whole).unwrap();
        assert_eq!(whole["choices"][0]["finish_reason"], "length");
        assert_eq!(whole["usage"]["completion_tokens"], 3);
    }
}

#[tokio::test]
async fn a_request_that_means_nothing_gets_an_openai_error() {
    let cases = [
        (ask(json!({ "messages": [] })).await, StatusCode::BAD_REQUEST),
        (ask(json!({ "max_tokens": 0 })).await, StatusCode::BAD_REQUEST),
        (ask(json!({ "messages": "secret" })).await, StatusCode::BAD_REQUEST),
        (ask(json!({ "model": "gpt-x" })).await, StatusCode::NOT_FOUND),
        (send("POST", "/v1/chat/completions", "{".to_owned()).await, StatusCode::BAD_REQUEST),
        (send("POST", "/v1/embeddings", String::new()).await, StatusCode::NOT_FOUND),
        (send("GET", "/v1/chat/completions", String::new()).await, StatusCode::NOT_FOUND),
    ];
    for ((status, body), expected) in cases {
        let error: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &error["error"]["type"]), (expected, &json!("invalid_request_error")));
        assert!(!body.contains("secret"));
    }
}

#[tokio::test]
async fn it_lists_itself() {
    let (_, body) = send("GET", "/v1/models", String::new()).await;
    assert!(body.contains(MODEL));
}
