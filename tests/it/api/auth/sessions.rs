//! `/api/auth/sessions`.

use serde_json::{Value, json};
use tests::{Browser, Services, TestApp};

use super::{column, second_browser};

const SESSIONS: &str = "/api/auth/sessions";

async fn list(browser: &mut Browser) -> Vec<Value> {
    let answer = browser.get(SESSIONS).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["sessions"].as_array().unwrap().clone()
}

/// The id of the session that asks.
async fn own(browser: &mut Browser) -> String {
    let sessions = list(browser).await;
    let current: Vec<_> = sessions.iter().filter(|session| session["current"] == true).collect();
    assert_eq!(current.len(), 1);
    current[0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_list_shows_each_live_session() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let ended = second_browser(&app, &browser).await;
    assert_eq!(ended.clone().post("/api/auth/logout", Value::Null).await.status, 204);
    app.clock.advance(600);
    let mut second = second_browser(&app, &browser).await;
    let sessions = list(&mut second).await;
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0]["current"], true);
    assert_eq!(
        sessions[1],
        json!({
            "id": own(&mut browser).await, "current": false, "kind": "cookie", "device": "An unknown device",
            "created_at": "2026-03-14T15:09:26Z", "last_seen_at": "2026-03-14T15:09:26Z",
            "expires_at": "2026-03-15T15:09:26Z", "assurance": "aal2", "methods": ["hwk", "user"],
        })
    );
    // One that nobody has used for half an hour is over.
    app.clock.advance(1500);
    assert_eq!(list(&mut second).await.len(), 2);
    app.clock.advance(301);
    assert_eq!(list(&mut second).await.len(), 1);
}

#[tokio::test]
async fn another_users_session_is_not_there() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    assert_eq!(list(&mut ada).await.len(), 1);
    let id = own(&mut grace).await;
    let answer = ada.delete(&format!("{SESSIONS}/{id}")).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "not_found"));
    assert_eq!(ada.delete(SESSIONS).await.status, 204);
    assert_eq!(grace.get("/api/auth/me").await.status, 200);
    assert!(column(&app, "SELECT event FROM session_audits WHERE event = 'revoked'").await.is_empty());
}

#[tokio::test]
async fn what_is_no_session_is_not_there() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    for id in ["x", "%00", "01890000-0000-7000-8000-000000000000"] {
        assert_eq!(browser.delete(&format!("{SESSIONS}/{id}")).await.status, 404, "{id}");
    }
    assert_eq!(browser.get("/api/auth/me").await.status, 200);
}

#[tokio::test]
async fn one_session_is_ended_at_once() {
    let app = TestApp::new().await;
    one_is_ended(&app).await;
}

#[tokio::test]
async fn one_session_is_ended_at_once_with_redis() {
    let redis = format!("redis+unix://{}", Services::get().redis_socket().display());
    one_is_ended(&TestApp::with(&[("REDIS_URL", &redis)]).await).await;
}

async fn one_is_ended(app: &TestApp) {
    let mut browser = app.signed_in("ada").await;
    let mut lost = second_browser(app, &browser).await;
    let mut third = second_browser(app, &browser).await;
    let id = own(&mut lost).await;
    // No factor was shown for long: people in a hurry need none.
    app.clock.advance(901);
    for browser in [&mut browser, &mut lost, &mut third] {
        assert_eq!(browser.get("/api/auth/me").await.status, 200);
    }
    assert_eq!(browser.delete(&format!("{SESSIONS}/{id}")).await.status, 204);
    assert_eq!(lost.get("/api/auth/me").await.status, 401, "the very next request");
    assert_eq!(third.get("/api/auth/me").await.status, 200);
    assert_eq!(list(&mut browser).await.len(), 2);
    assert_eq!(browser.delete(&format!("{SESSIONS}/{id}")).await.status, 404, "it is over already");
    let audits = column(app, "SELECT session_id::text FROM session_audits WHERE event = 'revoked'").await;
    assert_eq!(audits, [id.as_str()]);
    let rows = column(app, "SELECT resource_id FROM audit_log WHERE action = 'session.revoke'").await;
    assert_eq!(rows, [id]);
}

#[tokio::test]
async fn the_session_that_asks_can_end_itself() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let mut stolen = browser.clone();
    let id = own(&mut browser).await;
    assert_eq!(browser.delete(&format!("{SESSIONS}/{id}")).await.status, 204);
    assert!(!browser.cookies.contains_key("__Host-ward_session"));
    assert_eq!(stolen.get("/api/auth/me").await.status, 401);
}

#[tokio::test]
async fn all_other_sessions_are_ended_at_once() {
    let redis = format!("redis+unix://{}", Services::get().redis_socket().display());
    for settings in [vec![], vec![("REDIS_URL", redis.as_str())]] {
        let app = TestApp::with(&settings).await;
        let mut browser = app.signed_in("ada").await;
        let (mut one, mut other) = (second_browser(&app, &browser).await, second_browser(&app, &browser).await);
        for browser in [&mut one, &mut other] {
            assert_eq!(browser.get("/api/auth/me").await.status, 200);
        }
        assert_eq!(browser.delete(SESSIONS).await.status, 204);
        for browser in [&mut one, &mut other] {
            assert_eq!(browser.get("/api/auth/me").await.status, 401);
        }
        assert_eq!(list(&mut browser).await.len(), 1);
        let revoked = "SELECT (device_id IS NOT NULL AND address = '192.0.2.7')::text FROM session_audits
             WHERE event = 'revoked'";
        assert_eq!(column(&app, revoked).await, ["true", "true"]);
        assert_eq!(browser.delete(SESSIONS).await.status, 204, "none are left, which is what was asked for");
    }
}

#[tokio::test]
async fn ending_sessions_needs_the_csrf_token() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let mut second = second_browser(&app, &browser).await;
    let id = own(&mut second).await;
    browser.csrf = None;
    for path in [SESSIONS.to_owned(), format!("{SESSIONS}/{id}")] {
        assert_eq!(browser.delete(&path).await.code(), "csrf_token_invalid");
    }
    assert_eq!(second.get("/api/auth/me").await.status, 200);
}
