//! The cache may vanish at any moment: nobody is signed out, no limit opens.

use serde_json::json;
use tests::{Proxy, Services, Target, TestApp};

#[tokio::test]
async fn nobody_notices_that_the_cache_is_away() {
    let cache = Proxy::before(Target::Unix(Services::get().redis_socket().to_owned())).await;
    let redis = format!("redis://127.0.0.1:{}", cache.port);
    let app = TestApp::with(&[("REDIS_URL", &redis), ("WARD_LIMIT_ANONYMOUS", "4")]).await;
    let mut browser = app.signed_in("ada").await;
    assert_eq!(browser.post("/api/storage/set", json!({"key": "k", "value": 1})).await.status, 200);

    cache.cut();
    assert_eq!(browser.get("/api/storage/get?key=k").await.status, 200);
    let mut stranger = app.browser();
    stranger.address = "203.0.113.1:1".parse().unwrap();
    let statuses = [(); 6].map(|()| ());
    let mut seen = Vec::new();
    for () in statuses {
        seen.push(stranger.get("/api/auth/me").await.status.as_u16());
    }
    assert_eq!(seen, [401, 401, 401, 401, 429, 429], "the limit is counted in the database");

    let mut out = browser.clone();
    assert_eq!(out.post("/api/auth/logout", json!(null)).await.status, 204);
    assert_eq!(browser.get("/api/auth/me").await.status, 401, "a revocation holds without the cache");

    cache.mend();
    // Once it is back, what the cache still holds of the ended session is believed for a minute at most.
    app.clock.advance(61);
    assert_eq!(browser.get("/api/auth/me").await.status, 401);
}

#[tokio::test]
async fn a_lost_database_is_503_and_comes_back() {
    let database = Proxy::before(Target::Unix(Services::get().postgres_socket())).await;
    let url = format!("postgres://ward@127.0.0.1:{}/{{database}}?sslmode=disable", database.port);
    let app = TestApp::with(&[("DATABASE_URL", &url)]).await;
    let mut browser = app.signed_in("ada").await;
    assert_eq!(browser.post("/api/storage/set", json!({"key": "k", "value": 1})).await.status, 200);
    database.cut();
    let answer = browser.get("/api/storage/get?key=k").await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "unavailable"));
    assert!(answer.headers.contains_key("retry-after"));
    database.mend();
    let mut status = 503;
    for _ in 0..3 {
        // The pool gives up one dead connection a call.
        status = browser.get("/api/storage/get?key=k").await.status.as_u16();
    }
    assert_eq!(status, 200);
}
