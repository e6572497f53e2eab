//! `/health`, `/openapi.json`, `/docs`.

use std::io::Write;
use std::process::{Command, Stdio};

use axum::http::{Method, header};
use serde_json::json;
use tests::{Answer, METRICS_TOKEN, Proxy, Services, Target, TestApp};

#[tokio::test]
async fn health_says_ok_with_version_and_commit() {
    let app = TestApp::new().await;
    let answer = app.browser().get("/health").await;
    assert_eq!(answer.status, 200);
    let body = answer.json();
    assert_eq!(body["status"], "ok");
    assert_eq!(body["version"], env!("CARGO_PKG_VERSION"));
    assert!(!body["commit"].as_str().unwrap().is_empty());
    assert_eq!(body["checks"], json!({"database": "ok", "cache": "ok", "keyring": "ok"}));
}

#[tokio::test]
async fn health_says_which_part_is_down_and_not_why() {
    let database = Proxy::before(Target::Unix(Services::get().postgres_socket())).await;
    let url = format!("postgres://ward@127.0.0.1:{}/{{database}}?sslmode=disable", database.port);
    let redis = format!("redis://127.0.0.1:{}", Proxy::before(Target::Port(1)).await.port);
    let app = TestApp::with(&[("DATABASE_URL", &url), ("REDIS_URL", &redis)]).await;
    let mut browser = app.browser();
    let answer = browser.get("/health").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["checks"], json!({"database": "ok", "cache": "down", "keyring": "ok"}));

    database.cut();
    app.clock.advance(2);
    let answer = browser.get("/health").await;
    assert_eq!(answer.json()["checks"], json!({"database": "down", "cache": "down", "keyring": "ok"}));
    assert_eq!(answer.json().as_object().unwrap().len(), 4, "nothing but status, version, commit and checks");

    database.mend();
    app.clock.advance(2);
    assert_eq!(browser.get("/health").await.json()["checks"]["database"], "ok");
}

#[tokio::test]
async fn a_part_that_is_silent_is_down_after_a_second() {
    // It takes connections and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://ward@{}/{{database}}?sslmode=disable", silent.local_addr().unwrap());
    let app = TestApp::with(&[("DATABASE_URL", &url)]).await;
    let began = std::time::Instant::now();
    let answer = app.browser().get("/health").await;
    assert_eq!(answer.json()["checks"], json!({"database": "down", "cache": "ok", "keyring": "ok"}));
    let waited = began.elapsed();
    assert!(waited.as_millis() >= 1_000, "it was given its second: {waited:?}");
    assert!(waited.as_secs() < 3, "the connection's own limit is three: {waited:?}");
}

#[tokio::test]
async fn the_description_and_its_page_are_served() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let description = browser.get("/openapi.json").await;
    assert_eq!(description.headers["content-type"], "application/json");
    assert_eq!(description.json()["info"]["title"], "Ward");
    let page = browser.get("/docs").await;
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(page.text().contains("/api/storage/set"));
    assert!(!page.text().contains("<script"));
    assert!(browser.get("/docs/style.css").await.headers["content-type"].to_str().unwrap().starts_with("text/css"));
}

#[tokio::test]
async fn monitoring_runs_into_no_rate_limit() {
    let app = TestApp::with(&[("WARD_LIMIT_ANONYMOUS", "1")]).await;
    let mut browser = app.browser();
    for _ in 0..5 {
        assert_eq!(browser.get("/health").await.status, 200);
    }
}

async fn metrics(app: &TestApp, token: Option<&str>, accept: &str) -> Answer {
    let mut request = app.browser().request(&Method::GET, "/metrics", None);
    if let Some(token) = token {
        request.headers_mut().insert(header::AUTHORIZATION, token.parse().unwrap());
    }
    request.headers_mut().insert(header::ACCEPT, accept.parse().unwrap());
    app.browser().send_request(request).await
}

#[tokio::test]
async fn metrics_are_told_to_whoever_has_the_token() {
    let redis = format!("redis+unix://{}", Services::get().redis_socket().display());
    for settings in [&[][..], &[("REDIS_URL", redis.as_str())]] {
        let app = TestApp::with(settings).await;
        let mut ada = app.signed_in("ada").await;
        for _ in 0..4 {
            ada.get("/api/operators").await;
        }
        let token = format!("Bearer {METRICS_TOKEN}");
        let answer = metrics(&app, Some(&token), "text/plain").await;
        assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        let told = answer.text();
        assert!(told.contains("\nward_cache_requests_total{cache=\"operators\",result=\"hit\"} 3\n"), "{told}");
        assert!(told.contains("\nward_cache_requests_total{cache=\"operators\",result=\"miss\"} 1\n"), "{told}");
        let open = metrics(&app, Some(&token), "application/openmetrics-text; version=1.0.0, text/plain;q=0.5").await;
        let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!(open.headers["content-type"], media_type);
        understood(&told, "prometheus_client.parser");
        understood(&open.text(), "prometheus_client.openmetrics.parser");
    }
}

/// Reads the text with the parser of Prometheus' own client for Python.
fn understood(text: &str, parser: &str) {
    let script = format!(
        "import sys; from {parser} import text_string_to_metric_families as read
families = list(read(sys.stdin.read()))
assert [(f.name, f.type) for f in families] == [('ward_cache_requests', 'counter')], families
assert {{s.labels['result']: s.value for s in families[0].samples}} == {{'hit': 3, 'miss': 1}}, families"
    );
    let python = tests::tool("python");
    let mut child = Command::new(python).args(["-c", &script]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{parser} does not understand:\n{text}");
}

#[tokio::test]
async fn metrics_are_told_to_nobody_else() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    assert_eq!(ada.get("/metrics").await.code(), "unauthenticated", "no session opens them");
    assert_eq!(metrics(&app, None, "*/*").await.code(), "unauthenticated");
    let wrong = [
        String::new(),
        "Bearer".into(),
        METRICS_TOKEN.into(),
        format!("Basic {METRICS_TOKEN}"),
        format!("Bearer {METRICS_TOKEN}x"),
        format!("Bearer {}", &METRICS_TOKEN[1..]),
    ];
    for token in wrong {
        let answer = metrics(&app, Some(&token), "*/*").await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "token_invalid"), "{token}");
    }
    let without = TestApp::with(&[("METRICS_TOKEN", "")]).await;
    let answer = metrics(&without, Some(&format!("Bearer {METRICS_TOKEN}")), "*/*").await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "not_found"));
}
