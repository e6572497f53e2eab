//! `/api/auth/devices`.

use serde_json::{Value, json};
use tests::{Browser, TestApp};

use super::{column, second_browser};

const DEVICES: &str = "/api/auth/devices";

async fn list(browser: &mut Browser) -> Vec<Value> {
    let answer = browser.get(DEVICES).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["devices"].as_array().unwrap().clone()
}

/// The path of the device that asks.
async fn own(browser: &mut Browser) -> String {
    let devices = list(browser).await;
    let current: Vec<_> = devices.iter().filter(|device| device["current"] == true).collect();
    assert_eq!(current.len(), 1);
    format!("{DEVICES}/{}", current[0]["id"].as_str().unwrap())
}

#[tokio::test]
async fn the_list_shows_where_the_user_has_signed_in() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    app.clock.advance(60);
    let mut second = second_browser(&app, &browser).await;
    app.clock.advance(60);
    // The same browser again is the same device.
    assert_eq!(browser.sign_in().await.status, 200);
    let devices = list(&mut browser).await;
    assert_eq!(devices.len(), 2);
    assert_eq!(
        devices[0],
        json!({
            "id": devices[0]["id"], "name": "An unknown device", "current": true, "trusted_until": null,
            "first_seen_at": "2026-03-14T15:09:26Z", "last_seen_at": "2026-03-14T15:11:26Z",
        })
    );
    assert_eq!(devices[1]["current"], false);
    assert_eq!(list(&mut second).await[1]["current"], true);

    let trust = "UPDATE user_devices SET trusted_until = '2026-03-14T16:00:00Z'";
    app.superuser().await.batch_execute(trust).await.unwrap();
    assert_eq!(list(&mut browser).await[0]["trusted_until"], "2026-03-14T16:00:00Z");
    app.clock.advance(1700);
    assert_eq!(browser.get("/api/auth/me").await.status, 200);
    app.clock.advance(1700);
    assert_eq!(list(&mut browser).await[0]["trusted_until"], Value::Null, "that time is over");
}

#[tokio::test]
async fn a_device_takes_another_name() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let path = own(&mut browser).await;
    assert_eq!(browser.patch(&path, json!({"name": "Kitchen tablet"})).await.status, 204);
    assert_eq!(list(&mut browser).await[0]["name"], "Kitchen tablet");
    let stored = column(&app, "SELECT encode(name, 'escape') FROM user_devices").await;
    assert!(!stored[0].contains("Kitchen"), "sealed");
    assert_eq!(browser.get("/api/auth/sessions").await.json()["sessions"][0]["device"], "Kitchen tablet");
}

#[tokio::test]
async fn renaming_a_device_refuses_a_malformed_name() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let path = own(&mut browser).await;
    for (body, status, code) in [
        (json!({"name": ""}), 400, "invalid_name"),
        (json!({"name": "x".repeat(65)}), 400, "invalid_name"),
        (json!({"name": "a\u{0}"}), 400, "invalid_name"),
        (json!({"name": null}), 422, "invalid_body"),
        (json!({"name": "x", "trusted_until": "2030-01-01T00:00:00Z"}), 422, "invalid_body"),
    ] {
        let answer = browser.patch(&path, body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code));
    }
}

#[tokio::test]
async fn another_users_device_is_not_there() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    assert_eq!(list(&mut ada).await.len(), 1);
    let path = own(&mut grace).await;
    for path in [path.as_str(), "/api/auth/devices/x", "/api/auth/devices/01890000-0000-7000-8000-000000000000"] {
        let renamed = ada.patch(path, json!({"name": "mine"})).await;
        assert_eq!((renamed.status.as_u16(), renamed.code().as_str()), (404, "not_found"), "{path}");
        let forgotten = ada.delete(path).await;
        assert_eq!((forgotten.status.as_u16(), forgotten.code().as_str()), (404, "not_found"), "{path}");
    }
    assert_eq!(list(&mut grace).await[0]["name"], "An unknown device");
    assert_eq!(grace.get("/api/auth/me").await.status, 200);
}

#[tokio::test]
async fn a_forgotten_device_is_signed_out_and_new_again() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let mut lost = second_browser(&app, &browser).await;
    let path = own(&mut lost).await;
    app.superuser().await.batch_execute("UPDATE user_devices SET trusted_until = '2030-01-01'").await.unwrap();
    assert_eq!(browser.delete(&path).await.status, 204);
    assert_eq!(lost.get("/api/auth/me").await.status, 401, "the very next request");
    assert_eq!(browser.get("/api/auth/me").await.status, 200);
    assert_eq!(list(&mut browser).await.len(), 1);
    assert_eq!(browser.delete(&path).await.status, 404, "it is forgotten already");
    let revoked = column(&app, "SELECT device_id::text FROM session_audits WHERE event = 'revoked'").await;
    assert_eq!(revoked, [path.rsplit('/').next().unwrap()]);

    lost.csrf = None;
    let events = "SELECT event_type FROM security_events WHERE event_type = 'new_device'";
    let before = column(&app, events).await.len();
    assert_eq!(lost.sign_in().await.status, 200);
    assert_eq!(column(&app, events).await.len(), before + 1);
    let devices = list(&mut lost).await;
    assert_eq!(devices.len(), 2);
    let current = devices.iter().find(|device| device["current"] == true).unwrap();
    assert_eq!(current["trusted_until"], Value::Null);
}

#[tokio::test]
async fn the_device_that_asks_can_forget_itself() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let path = own(&mut browser).await;
    let mut stolen = browser.clone();
    assert_eq!(browser.delete(&path).await.status, 204);
    assert!(!browser.cookies.contains_key("__Host-ward_session"));
    assert_eq!(stolen.get("/api/auth/me").await.status, 401);
}
