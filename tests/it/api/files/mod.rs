//! `/api/files`.

mod content;
mod disguise;
pub mod s3;
mod scanning;
mod small;
mod sweep;
mod uploads;

use axum::body::Body;
use axum::http::{Method, Request, header};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use tests::{Answer, Browser};

/// Bytes that repeat after a prime number of them, so that no two frames are alike.
pub fn bytes(length: usize) -> Vec<u8> {
    (0..=250_u8).cycle().take(length).collect()
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(digest(&SHA256, bytes).as_ref())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Sends a small file, whatever the answer; `disposition` is sent as it is.
pub async fn send(browser: &mut Browser, disposition: &str, kind: &str, content: &[u8]) -> Answer {
    let mut request = browser.request(&Method::POST, "/api/files", Some((kind, content.to_vec())));
    if !disposition.is_empty() {
        request.headers_mut().insert(header::CONTENT_DISPOSITION, disposition.parse().unwrap());
    }
    browser.send_request(request).await
}

/// Stores a small file with an ASCII name; gives it.
pub async fn upload(browser: &mut Browser, name: &str, kind: &str, content: &[u8]) -> Value {
    let answer = send(browser, &format!("attachment; filename=\"{name}\""), kind, content).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

/// The path of a file.
pub fn path(file: &Value) -> String {
    format!("/api/files/{}", file["id"].as_str().unwrap())
}

/// Asks for the content of a file with these headers.
pub async fn get(browser: &mut Browser, file: &Value, headers: &[(&str, &str)]) -> Answer {
    let mut request = browser.request(&Method::GET, &format!("{}/content", path(file)), None);
    for (name, value) in headers {
        request.headers_mut().insert(header::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
    }
    browser.send_request(request).await
}

/// Begins the upload of a large file; gives the answer.
pub async fn begin(browser: &mut Browser, name: &str, kind: &str, content: &[u8]) -> Value {
    let announced =
        json!({"original_name": name, "mime_type": kind, "size": content.len(), "content_hash": sha256(content)});
    let answer = browser.post("/api/files/uploads", announced).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

/// The PUT that an upload asks for, as a page sends it: with its origin and without cookies.
pub fn put(upload: &Value, content: &[u8]) -> Request<Body> {
    let url = upload["url"].as_str().unwrap();
    let uri = url.strip_prefix("http://localhost:9000").unwrap_or(url);
    let mut request = Request::builder().method("PUT").uri(uri).header(header::CONTENT_LENGTH, content.len());
    request = request.header(header::ORIGIN, "http://localhost:9000");
    for (name, value) in upload["headers"].as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    request.body(Body::from(content.to_vec())).unwrap()
}

/// Says that an upload is there.
pub async fn complete(browser: &mut Browser, upload: &Value) -> Answer {
    browser.post(&format!("/api/files/uploads/{}/complete", upload["id"].as_str().unwrap()), Value::Null).await
}
