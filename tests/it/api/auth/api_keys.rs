//! `/api/auth/api-keys`, and what the keys open.

use axum::http::{Method, header};
use serde_json::{Value, json};
use tests::{Answer, Browser, Services, TestApp};

/// A key of the browser's user.
async fn create(browser: &mut Browser, scopes: &[&str]) -> Value {
    let answer = browser.post("/api/auth/api-keys", json!({"name": "Lab import", "scopes": scopes})).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

/// A request with a key and nothing else: no cookie, no origin, no CSRF token.
async fn with_key(app: &TestApp, key: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
    let mut client = app.browser();
    client.origin = None;
    let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
    let mut request = client.request(&method, path, body);
    request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {key}").parse().unwrap());
    client.send_request(request).await
}

#[tokio::test]
async fn a_key_is_shown_once_and_opens_what_its_scopes_say() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let made = create(&mut ada, &["storage:read", "storage:write", "storage:read"]).await;
    let key = made["key"].as_str().unwrap();
    assert_eq!(made["scopes"], json!(["storage:read", "storage:write"]));
    assert_eq!(made["expires_at"], "2026-06-12T15:09:26Z", "90 days unless it is said");

    let set = json!({"key": "k", "value": 7});
    assert_eq!(with_key(&app, key, Method::POST, "/api/storage/set", Some(set)).await.status, 200);
    let got = with_key(&app, key, Method::GET, "/api/storage/get?key=k", None).await;
    assert_eq!(got.json()["value"], 7, "the key's user owns what it stores");
    assert_eq!(ada.get("/api/storage/get?key=k").await.json()["value"], 7);

    let listed = ada.get("/api/auth/api-keys").await;
    assert!(!listed.text().contains(key));
    let listed = &listed.json()["api_keys"][0];
    assert_eq!((&listed["name"], &listed["hint"]), (&json!("Lab import"), &json!(&key[..9])));
    assert_eq!(listed["last_used_at"], "2026-03-14T15:09:26Z");
}

#[tokio::test]
async fn a_key_opens_nothing_beyond_its_scopes() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let key = create(&mut ada, &["storage:read"]).await["key"].as_str().unwrap().to_owned();
    let set = json!({"key": "k", "value": 7});
    let refused = with_key(&app, &key, Method::POST, "/api/storage/set", Some(set)).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (403, "scope_missing"));
    assert_eq!(with_key(&app, &key, Method::GET, "/api/chats", None).await.code(), "scope_missing");
    assert_eq!(with_key(&app, &key, Method::GET, "/api/auth/me", None).await.code(), "scope_missing");
    for (method, path) in [
        (Method::GET, "/api/auth/api-keys"),
        (Method::POST, "/api/auth/api-keys"),
        (Method::POST, "/api/auth/logout"),
        (Method::GET, "/api/auth/csrf"),
    ] {
        assert_eq!(with_key(&app, &key, method, path, None).await.code(), "api_key_refused", "{path}");
    }
}

#[tokio::test]
async fn a_search_reads_though_it_is_a_post() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    for (scope, status) in [("users:read", 200), ("users:write", 403), ("storage:read", 403)] {
        let key = create(&mut admin, &[scope]).await["key"].as_str().unwrap().to_owned();
        let search = json!({"username": "admin"});
        let answer = with_key(&app, &key, Method::POST, "/api/users/search", Some(search)).await;
        assert_eq!(answer.status, status, "{scope}: {}", answer.text());
    }
}

#[tokio::test]
async fn making_a_key_needs_somebody_who_is_there() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    app.clock.advance(16 * 60);
    let answer = ada.post("/api/auth/api-keys", json!({"name": "k", "scopes": ["storage:read"]})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "step_up_required"));
}

#[tokio::test]
async fn making_a_key_refuses_what_has_no_meaning() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    for (body, code) in [
        (json!({"name": "", "scopes": ["storage:read"]}), "invalid_name"),
        (json!({"name": "k", "scopes": []}), "invalid_scopes"),
        (json!({"name": "k", "scopes": ["storage:*"]}), "invalid_scopes"),
        (json!({"name": "k", "scopes": ["storage:read"], "expires_in_days": 366}), "invalid_lifetime"),
        (json!({"name": "k", "scopes": ["storage:read"], "expires_in_days": 0}), "invalid_lifetime"),
        (json!({"name": "k", "scopes": ["users:read"]}), "not_permitted"),
        (json!({"name": "k", "scopes": ["storage:read"], "user_id": "x"}), "invalid_body"),
    ] {
        assert_eq!(ada.post("/api/auth/api-keys", body).await.code(), code);
    }
}

#[tokio::test]
async fn a_revoked_key_is_over_at_the_next_request() {
    for redis in [false, true] {
        let url = format!("redis+unix://{}", Services::get().redis_socket().display());
        let settings: &[(&str, &str)] = if redis { &[("REDIS_URL", &url)] } else { &[] };
        let app = TestApp::with(settings).await;
        let mut ada = app.signed_in("ada").await;
        let made = create(&mut ada, &["storage:read"]).await;
        let (key, id) = (made["key"].as_str().unwrap(), made["id"].as_str().unwrap());
        assert_eq!(with_key(&app, key, Method::GET, "/api/storage/keys", None).await.status, 200);
        assert_eq!(ada.delete(&format!("/api/auth/api-keys/{id}")).await.status, 204);
        let refused = with_key(&app, key, Method::GET, "/api/storage/keys", None).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (401, "token_invalid"));
        assert_eq!(ada.delete(&format!("/api/auth/api-keys/{id}")).await.status, 404);
        assert_eq!(ada.get("/api/auth/api-keys").await.json(), json!({"api_keys": []}));
    }
}

#[tokio::test]
async fn a_key_ends_when_it_said_it_would_and_with_its_user() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let made = ada
        .post("/api/auth/api-keys", json!({"name": "k", "scopes": ["storage:read"], "expires_in_days": 1}))
        .await
        .json();
    let key = made["key"].as_str().unwrap();
    app.clock.advance(24 * 3600 - 1);
    assert_eq!(with_key(&app, key, Method::GET, "/api/storage/keys", None).await.status, 200);
    app.clock.advance(1);
    assert_eq!(with_key(&app, key, Method::GET, "/api/storage/keys", None).await.status, 401);

    let mut grace = app.signed_in("grace").await;
    let key = create(&mut grace, &["storage:read"]).await["key"].as_str().unwrap().to_owned();
    app.superuser().await.batch_execute("UPDATE users SET status = 'disabled'").await.unwrap();
    assert_eq!(with_key(&app, &key, Method::GET, "/api/storage/keys", None).await.status, 401);
}

#[tokio::test]
async fn another_users_key_is_not_there() {
    let app = TestApp::new().await;
    let (mut ada, mut eve) = (app.signed_in("ada").await, app.signed_in("eve").await);
    let made = create(&mut ada, &["storage:read"]).await;
    let path = format!("/api/auth/api-keys/{}", made["id"].as_str().unwrap());
    assert_eq!(eve.delete(&path).await.status, 404);
    assert_eq!(eve.get("/api/auth/api-keys").await.json(), json!({"api_keys": []}));
    assert_eq!(eve.delete("/api/auth/api-keys/not-an-id").await.status, 404);
    let key = made["key"].as_str().unwrap();
    assert_eq!(with_key(&app, key, Method::GET, "/api/storage/keys", None).await.status, 200, "it still holds");
}

#[tokio::test]
async fn a_token_that_is_none_is_refused_and_counted_even_beside_a_good_cookie() {
    let app = TestApp::with(&[("WARD_LIMIT_ANONYMOUS", "4")]).await;
    let mut ada = app.browser();
    ada.cookies.insert("__Host-ward_session".into(), "A".repeat(54));
    let mut seen = Vec::new();
    for value in ["Bearer x", "Basic YTpi", "Bearer ", "Bearer ward_short", "bearer a.b.c"] {
        let mut request = ada.request(&Method::GET, "/api/auth/me", None);
        request.headers_mut().insert(header::AUTHORIZATION, value.parse().unwrap());
        seen.push(ada.send_request(request).await.status.as_u16());
    }
    assert_eq!(seen, [401, 401, 401, 401, 429]);
}

#[tokio::test]
async fn a_user_has_fifty_keys_at_the_most() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    for _ in 0..50 {
        create(&mut ada, &["usage:read"]).await;
    }
    let answer = ada.post("/api/auth/api-keys", json!({"name": "k", "scopes": ["usage:read"]})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "too_many_keys"));
}
