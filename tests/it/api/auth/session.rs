//! `/api/auth/me`, `/api/auth/csrf`, `/api/auth/logout`.

use serde_json::Value;
use tests::TestApp;

#[tokio::test]
async fn me_tells_the_user_and_the_session() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let me = browser.get("/api/auth/me").await;
    assert_eq!(me.status, 200);
    let session = &me.json()["session"];
    assert_eq!(session["created_at"], "2026-03-14T15:09:26Z");
    assert_eq!(session["expires_at"], "2026-03-15T15:09:26Z");
    assert_eq!(session["idle_expires_at"], "2026-03-14T15:39:26Z");
}

#[tokio::test]
async fn me_is_each_users_own() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    assert_eq!(ada.get("/api/auth/me").await.json()["user"]["username"], "ada");
    assert_eq!(grace.get("/api/auth/me").await.json()["user"]["username"], "grace");
}

#[tokio::test]
async fn a_cookie_that_is_no_session_is_nobody() {
    let app = TestApp::new().await;
    for value in ["", "x", &"A".repeat(43), &"A".repeat(54), "\"", "%00"] {
        let mut browser = app.browser();
        browser.cookies.insert("__Host-ward_session".into(), value.into());
        for path in ["/api/auth/me", "/api/auth/csrf"] {
            assert_eq!(browser.get(path).await.code(), "unauthenticated");
        }
    }
}

#[tokio::test]
async fn csrf_gives_the_sessions_token() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let token = browser.get("/api/auth/csrf").await.json()["csrf_token"].as_str().map(str::to_owned);
    assert_eq!(token, browser.csrf);
    let other = app.signed_in("grace").await;
    assert_ne!(token, other.csrf);
}

#[tokio::test]
async fn logout_ends_the_session_at_once() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let stolen = browser.clone();
    let answer = browser.post("/api/auth/logout", Value::Null).await;
    assert_eq!(answer.status, 204);
    assert!(!browser.cookies.contains_key("__Host-ward_session"));
    assert_eq!(stolen.clone().get("/api/auth/me").await.status, 401);
    // Also where the cache never heard of it.
    app.clock.advance(61);
    assert_eq!(stolen.clone().get("/api/auth/me").await.status, 401);
}

#[tokio::test]
async fn logout_of_one_user_leaves_the_other() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    assert_eq!(ada.post("/api/auth/logout", Value::Null).await.status, 204);
    assert_eq!(grace.get("/api/auth/me").await.status, 200);
}

#[tokio::test]
async fn logout_without_the_csrf_token_is_refused() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    for token in [None, Some(String::new()), Some("A".repeat(43))] {
        let mut forger = browser.clone();
        forger.csrf = token;
        assert_eq!(forger.post("/api/auth/logout", Value::Null).await.code(), "csrf_token_invalid");
    }
    assert_eq!(browser.get("/api/auth/me").await.status, 200);
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    app.clock.advance(29 * 60);
    assert_eq!(browser.get("/api/auth/me").await.status, 200);
    app.clock.advance(29 * 60);
    assert_eq!(browser.get("/api/auth/me").await.status, 200, "its use was noted");
    app.clock.advance(30 * 60 + 1);
    assert_eq!(browser.get("/api/auth/me").await.status, 401);
}

#[tokio::test]
async fn a_session_ends_after_a_day_however_much_it_is_used() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    for _ in 0..57 {
        app.clock.advance(25 * 60);
        assert_eq!(browser.get("/api/auth/me").await.status, 200);
    }
    app.clock.advance(15 * 60);
    assert_eq!(browser.get("/api/auth/me").await.status, 401);
}

#[tokio::test]
async fn a_sign_in_ends_the_session_the_browser_had() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let mut before = browser.clone();
    assert_eq!(browser.sign_in().await.status, 200);
    assert_eq!(before.get("/api/auth/me").await.status, 401);
    assert_eq!(browser.get("/api/auth/me").await.status, 200);
}
