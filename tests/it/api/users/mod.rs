//! `/api/users`.

mod changes;
mod invitations;
mod list;

use axum::http::{Method, header};
use serde_json::{Value, json};
use tests::{Answer, Browser, Services, TestApp};

/// An id nobody has.
const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

/// The id of the browser's user.
pub async fn id_of(browser: &mut Browser) -> String {
    browser.get("/api/auth/me").await.json()["user"]["id"].as_str().expect("an id").to_owned()
}

/// Products on both kinds of cache: in the process, and Redis.
async fn on_both_caches() -> [TestApp; 2] {
    let redis = format!("redis+unix://{}", Services::get().redis_socket().display());
    [TestApp::new().await, TestApp::with(&[("REDIS_URL", &redis)]).await]
}

/// A request with an API key and nothing else.
async fn with_key(app: &TestApp, key: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
    let mut client = app.browser();
    client.origin = None;
    let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
    let mut request = client.request(&method, path, body);
    request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {key}").parse().unwrap());
    client.send_request(request).await
}

/// An API key of the browser's user.
pub async fn key_of(browser: &mut Browser, scopes: &[&str]) -> String {
    let answer = browser.post("/api/auth/api-keys", json!({"name": "key", "scopes": scopes})).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["key"].as_str().expect("a key").to_owned()
}

/// The types and details of a user's security events, the oldest first.
pub async fn events(app: &TestApp, user_id: &str) -> Vec<(String, String, Value)> {
    let sql = "SELECT event_type, severity, details FROM security_events WHERE user_id::text = $1
               AND event_type <> 'new_device' ORDER BY created_at, event_type";
    let rows = app.superuser().await.query(sql, &[&user_id]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}
