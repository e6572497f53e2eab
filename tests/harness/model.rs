//! A provider that misbehaves as a test tells it to.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use futures_util::StreamExt;

/// Starts a provider which answers every call with `status`, a content type and `parts`, one after the other; gives its
/// base URL. Where `breaks`, the connection is reset after the last part.
pub async fn provider(status: u16, content_type: &'static str, parts: Vec<String>, breaks: bool) -> String {
    provider_after(Duration::ZERO, status, content_type, parts, breaks).await
}

/// The same, thinking for a while before it answers.
pub async fn provider_after(
    thinks: Duration,
    status: u16,
    content_type: &'static str,
    parts: Vec<String>,
    breaks: bool,
) -> String {
    let answer = move || {
        let parts = parts.clone();
        async move {
            tokio::time::sleep(thinks).await;
            let sent = futures_util::stream::iter(parts.into_iter().map(Ok::<_, std::io::Error>));
            let end = futures_util::stream::iter(breaks.then_some(())).then(async |()| {
                // What was sent has to arrive before the connection goes.
                tokio::time::sleep(Duration::from_millis(50)).await;
                Err(std::io::Error::other("reset"))
            });
            let body = Body::from_stream(sent.chain(end));
            (StatusCode::from_u16(status).unwrap(), [(header::CONTENT_TYPE, content_type)], body).into_response()
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let router = Router::new().route("/v1/chat/completions", post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// An event of a stream with a token.
pub fn token(text: &str) -> String {
    format!("data: {}\n\n", serde_json::json!({"choices": [{"index": 0, "delta": {"content": text}}]}))
}

/// The usage block.
pub fn usage(prompt: u32, completion: u32) -> String {
    let usage = serde_json::json!({"prompt_tokens": prompt, "completion_tokens": completion});
    format!("data: {}\n\n", serde_json::json!({"choices": [], "usage": usage}))
}

/// The end mark.
pub const DONE: &str = "data: [DONE]\n\n";
