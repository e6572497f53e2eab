//! `/api/operators`.

mod cache;
mod conditions;
mod lists;
mod permissions;
mod writes;

use axum::http::Method;
use serde_json::{Value, json};
use tests::{Answer, Browser};

pub const PATH: &str = "/api/operators";

/// An operator with everything.
fn clinic() -> Value {
    json!({
        "name": "Klinik Zürich",
        "external_id": "op-7",
        "description": "Two houses.\nOne lake.",
        "website": "https://klinik.example",
        "status": "pending",
        "contacts": [
            {"name": "Ada Lovelace", "role": "Head", "email": "Ada@Klinik.example", "phone": "+41 44 000 00 00"},
            {"name": "Grace Hopper"},
        ],
        "services": [
            {"name": "Röntgen", "description": "Mornings", "status": "active"},
            {"name": "MRI", "status": "inactive"},
        ],
    })
}

/// Adds an operator; gives its id.
pub async fn add(browser: &mut Browser, operator: Value) -> String {
    let answer = browser.post(PATH, operator).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// Adds an operator of this name and nothing else.
async fn named(browser: &mut Browser, name: &str) -> String {
    add(browser, json!({ "name": name })).await
}

/// The names on a page, and where the next begins.
async fn page(browser: &mut Browser, query: &str) -> (Vec<String>, Option<String>) {
    let answer = browser.get(&format!("{PATH}?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    let body = answer.json();
    let names = body["operators"].as_array().unwrap().iter();
    let names = names.map(|operator| operator["name"].as_str().unwrap().to_owned()).collect();
    (names, body["next_cursor"].as_str().map(str::to_owned))
}

fn tag(answer: &Answer) -> String {
    answer.headers["etag"].to_str().unwrap().to_owned()
}

/// A request with one header more.
async fn send(
    browser: &mut Browser,
    method: Method,
    path: &str,
    header: (&'static str, &str),
    body: Option<Value>,
) -> Answer {
    let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
    let mut request = browser.request(&method, path, body);
    request.headers_mut().insert(header.0, header.1.parse().unwrap());
    browser.send_request(request).await
}
