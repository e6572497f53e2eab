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

    assert_eq!(browser.patch("/api/preferences", json!({"theme": "dark"})).await.status, 200);

    cache.cut();
    assert_eq!(browser.get("/api/storage/get?key=k").await.status, 200);
    assert_eq!(browser.get("/api/preferences").await.json()["theme"], "dark");
    assert_eq!(browser.patch("/api/preferences", json!({"theme": "light"})).await.status, 200);
    assert_eq!(browser.get("/api/preferences").await.headers["etag"], "\"2\"");
    let mut stranger = app.browser();
    stranger.address = "203.0.113.1:1".parse().unwrap();
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push(stranger.get("/api/auth/me").await.status.as_u16());
    }
    assert_eq!(seen, [401, 401, 401, 401, 429, 429], "the limit is counted in the database");

    // A quarter of an hour later the next request sweeps what is over.
    app.clock.advance(900);
    assert_eq!(stranger.get("/api/auth/me").await.status, 401);
    let kept = app.superuser().await.query("SELECT 1 FROM rate_counters", &[]).await.unwrap();
    assert_eq!(kept.len(), 1, "counters of a window that is over are forgotten");

    let mut out = browser.clone();
    assert_eq!(out.post("/api/auth/logout", json!(null)).await.status, 204);
    assert_eq!(browser.get("/api/auth/me").await.status, 401, "a revocation holds without the cache");

    cache.mend();
    // Once it is back, what the cache still holds of the ended session is believed for a minute at most.
    app.clock.advance(61);
    assert_eq!(browser.get("/api/auth/me").await.status, 401);
}

#[tokio::test]
async fn who_can_write_to_the_cache_is_nobody_else() {
    let socket = Services::get().redis_socket();
    let redis = format!("redis+unix://{}", socket.display());
    let app = TestApp::with(&[("REDIS_URL", &redis)]).await;
    let (mut ada, mut eve) = (app.signed_in("ada").await, app.signed_in("eve").await);
    let eve_id = eve.get("/api/auth/me").await.json()["user"]["id"].as_str().unwrap().to_owned();
    let ada_id = ada.get("/api/auth/me").await.json()["user"]["id"].as_str().unwrap().to_owned();
    let cli = |arguments: &[&[u8]]| {
        let mut command = std::process::Command::new("redis-cli");
        command.arg("-s").arg(socket);
        for argument in arguments {
            command.arg(std::os::unix::ffi::OsStrExt::from_bytes(argument) as &std::ffi::OsStr);
        }
        command.output().unwrap().stdout
    };
    let app_name = &app.platform.settings.app;
    let keys = String::from_utf8(cli(&[b"KEYS", format!("{app_name}:dev:session:*").as_bytes()])).unwrap();
    let mut forged = 0;
    for key in keys.lines() {
        let value = cli(&[b"--raw", b"GET", key.as_bytes()]);
        let text = String::from_utf8_lossy(&value).into_owned();
        if text.starts_with(&eve_id) {
            // Eve's own entry, rewritten to be Ada's, with the length and the tag as they were.
            let mut value = value.trim_ascii_end().to_vec();
            let (old, new) = (eve_id.as_bytes(), ada_id.as_bytes());
            for start in 0..=value.len() - old.len() {
                if value[start..].starts_with(old) {
                    value[start..start + old.len()].copy_from_slice(new);
                }
            }
            // NUL can't stand in an argument: a tag that holds one is tried as it is cut off.
            let value: Vec<u8> = value.into_iter().filter(|byte| *byte != 0).collect();
            cli(&[b"SET", key.as_bytes(), &value, b"EX", b"60"]);
            forged += 1;
        }
    }
    assert_eq!(forged, 1);
    assert_eq!(eve.get("/api/auth/me").await.json()["user"]["username"], "eve", "the database was asked");
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
