//! `/health`, `/openapi.json`, `/docs`.

use serde_json::json;
use tests::{Proxy, Services, Target, TestApp};

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
