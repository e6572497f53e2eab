//! What the guard does with every request.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::Method;
use axum::routing::{get, post};
use serde_json::{Value, json};
use shared::http::{Surface, guarded};
use tests::{Browser, TestApp, product_routes};
use tokio::sync::{Notify, oneshot};
use tower::ServiceExt;

#[tokio::test]
async fn every_answer_carries_the_security_headers_and_its_own_id() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let mut ids = Vec::new();
    for path in ["/health", "/api/auth/me", "/api/nothing", "/docs", "/openapi.json"] {
        let answer = browser.get(path).await;
        for (name, part) in [
            ("strict-transport-security", "max-age=63072000"),
            ("content-security-policy", "default-src 'none'"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("permissions-policy", "camera=()"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert!(answer.headers[name].to_str().unwrap().contains(part), "{path} {name}");
        }
        assert!(!answer.headers["content-security-policy"].to_str().unwrap().contains("unsafe"));
        ids.push(answer.headers["x-request-id"].clone());
    }
    ids.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
    ids.dedup();
    assert_eq!(ids.len(), 5);
}

#[tokio::test]
async fn every_refusal_is_a_problem() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let set = "/api/storage/set";
    let json_type = |body: &str| Some(("application/json", body.as_bytes().to_vec()));
    for (method, path, body, status, code) in [
        (Method::GET, "/api/nothing", None, 404, "not_found"),
        (Method::GET, "/api/auth/nothing", None, 404, "not_found"),
        (Method::PUT, set, None, 405, "method_not_allowed"),
        (Method::POST, set, None, 415, "unsupported_media_type"),
        (Method::POST, set, Some(("text/plain", b"{}".to_vec())), 415, "unsupported_media_type"),
        (Method::POST, set, json_type(""), 400, "malformed_json"),
        (Method::POST, set, json_type("{"), 400, "malformed_json"),
        (Method::POST, set, json_type("{\"key\":\"k\",\"value\":1} {}"), 400, "malformed_json"),
        (
            Method::POST,
            set,
            json_type(&format!("{{\"key\":\"k\",\"value\":{}", "[".repeat(10_000))),
            400,
            "malformed_json",
        ),
        (Method::POST, set, Some(("application/json", vec![0xff, 0xfe])), 400, "malformed_json"),
        (Method::POST, "/api/chats", json_type(&" ".repeat(300_000)), 413, "payload_too_large"),
    ] {
        let answer = browser.send(method.clone(), path, body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{method} {path}");
    }
}

#[tokio::test]
async fn a_panic_is_a_problem_that_hides_its_cause() {
    let app = TestApp::new().await;
    let panicking = Router::new().route("/panic", get(async || -> () { panic!("a secret cause") }));
    let router = guarded(panicking, &app.platform, Surface::with_body_limit(1));
    let answer = Browser::new(router).get("/panic").await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (500, "internal"));
    assert!(!answer.text().contains("secret"));
    assert!(answer.headers.contains_key("content-security-policy"));
}

#[tokio::test]
async fn what_changes_something_is_carried_through_without_its_client() {
    let app = TestApp::new().await;
    let (begun, going) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (finished, done) = oneshot::channel();
    let (reached, go, finished) = (begun.clone(), going.clone(), Arc::new(Mutex::new(Some(finished))));
    let slow = async move || {
        let finished = finished.lock().unwrap().take().unwrap();
        reached.notify_one();
        go.notified().await;
        finished.send(()).unwrap();
    };
    let router = Router::new().route("/slow", post(slow));
    let router = guarded(router, &app.platform, Surface::with_body_limit(1));
    let call = tokio::spawn(router.oneshot(app.browser().request(&Method::POST, "/slow", None)));
    begun.notified().await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled(), "the client has gone");
    going.notify_one();
    done.await.expect("whoever hangs up stops nothing that has begun");
}

#[tokio::test]
async fn a_refusal_never_quotes_the_request() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    for body in [json!({"key": 5, "marker-value": "x"}), json!({"key": {"marker": 1}, "value": 1}), json!("marker")] {
        let answer = browser.post("/api/storage/set", body).await;
        assert_eq!(answer.status, 422);
        assert!(!answer.text().contains("marker"), "{}", answer.text());
    }
}

#[tokio::test]
async fn nobody_gets_past_a_route_without_a_session() {
    let app = TestApp::with(&[("WARD_LIMIT_ANONYMOUS", "1000")]).await;
    let public = crate::coverage::PUBLIC;
    let mut refused = 0;
    for (method, path) in product_routes() {
        if public.contains(&path.as_str()) {
            continue;
        }
        let path = path.replace("{id}", "01890000-0000-7000-8000-000000000000").replace("{method}", "totp");
        let method: Method = method.parse().unwrap();
        let body = Some(("application/json", b"{}".to_vec()));
        let answer = app.browser().send(method.clone(), &path, body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "unauthenticated"), "{method} {path}");
        refused += 1;
    }
    assert!(refused >= 12);
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    for origin in ["https://evil.example", "http://localhost:9001", "null", "http://localhost:9000.evil.example"] {
        browser.origin = Some(origin.into());
        let answer = browser.post("/api/storage/set", json!({"key": "k", "value": 1})).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "cross_site"));
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn cors_names_configured_origins_only() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let answer = browser.send(Method::OPTIONS, "/api/storage/set", None).await;
    assert!(!answer.headers.contains_key("access-control-allow-methods"), "no preflight without its header");
    let preflight = |origin: &'static str| {
        let mut request = app.browser().request(&Method::OPTIONS, "/api/storage/set", None);
        request.headers_mut().insert("origin", origin.parse().unwrap());
        request.headers_mut().insert("access-control-request-method", "POST".parse().unwrap());
        request
    };
    let allowed = browser.send_request(preflight("http://localhost:9000")).await;
    assert_eq!(allowed.status, 204);
    assert_eq!(allowed.headers["access-control-allow-origin"], "http://localhost:9000");
    assert_eq!(allowed.headers["access-control-allow-credentials"], "true");
    assert!(allowed.headers["access-control-allow-headers"].to_str().unwrap().contains("X-CSRF-Token"));
    let refused = browser.send_request(preflight("https://evil.example")).await;
    assert!(!refused.headers.contains_key("access-control-allow-origin"));
    assert_eq!(refused.headers["vary"], "Origin");
}

#[tokio::test]
async fn strangers_are_counted_by_address_and_users_by_name() {
    let app = TestApp::with(&[("WARD_LIMIT_ANONYMOUS", "3"), ("WARD_LIMIT_USER", "5")]).await;
    let mut stranger = app.browser();
    for left in [2, 1, 0] {
        let answer = stranger.get("/api/auth/me").await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.headers["ratelimit-policy"], "\"default\";q=3;w=900");
        // 15:09:26 is 334 seconds before the quarter.
        assert_eq!(answer.headers["ratelimit"].to_str().unwrap(), format!("\"default\";r={left};t=334"));
    }
    let refused = stranger.get("/api/auth/me").await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (429, "rate_limited"));
    assert_eq!(refused.headers["retry-after"], "334");

    // From another address it begins anew; a header can't make one.
    let mut elsewhere = app.browser();
    elsewhere.address = "[2001:db8::1]:1".parse().unwrap();
    elsewhere.register("ada").await;
    let mut neighbour = app.browser();
    neighbour.address = "[2001:db8::ffff]:1".parse().unwrap();
    assert_eq!(neighbour.get("/api/auth/me").await.headers["ratelimit"], "\"default\";r=0;t=334");

    // The user is not kept out by what strangers did at the same address.
    elsewhere.address = stranger.address;
    for _ in 0..5 {
        assert_eq!(elsewhere.get("/api/usage").await.status, 200);
    }
    assert_eq!(elsewhere.get("/api/usage").await.status, 429);
    app.clock.advance(334);
    assert_eq!(elsewhere.get("/api/usage").await.status, 200);
}

#[tokio::test]
async fn an_address_can_not_be_made_up_in_a_header() {
    let app = TestApp::with(&[("WARD_LIMIT_ANONYMOUS", "2")]).await;
    let mut browser = app.browser();
    for (number, status) in [(1, 401), (2, 401), (3, 429)] {
        let mut request = browser.request(&Method::GET, "/api/auth/me", None);
        request.headers_mut().insert("x-forwarded-for", format!("198.51.100.{number}").parse().unwrap());
        assert_eq!(browser.send_request(request).await.status, status);
    }
}

#[tokio::test]
async fn logout_and_clear_need_no_body_and_refuse_none() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    assert_eq!(browser.send(Method::POST, "/api/storage/clear", None).await.json(), json!({"deleted": 0}));
    assert_eq!(browser.post("/api/auth/logout", Value::Null).await.status, 204);
}
