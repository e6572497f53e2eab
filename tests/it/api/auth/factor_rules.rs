//! What `/api/auth/factors` asks for, and what it does not let go.

use axum::http::Method;
use serde_json::{Value, json};
use tests::TestApp;

use super::enrolled::{
    add_address, add_unproved, begin_totp, challenge, codes, enrol_codes, enrol_totp, log_in, post, step_up,
};
use super::factors::list;
use super::people::{PASSWORD, change, refusal, user};

const TOTP: &str = "/api/auth/factors/totp";
const CONFIRM: &str = "/api/auth/factors/totp/confirm";
const RENEW: &str = "/api/auth/factors/backup-codes";

#[tokio::test]
async fn factors_change_after_a_recent_step_up_only() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    add_address(&app, &mut browser, "email", "ada@example.org").await;
    let totp = begin_totp(&mut browser).await;
    app.clock.advance(901);
    let code = totp.code(&app);
    for (method, path, body) in [
        (Method::POST, TOTP, Value::Null),
        // A secret that somebody else began to enrol in a session like this is not confirmed for a thief.
        (Method::POST, CONFIRM, json!({"code": code})),
        (Method::POST, "/api/auth/factors/codes", json!({"method": "email"})),
        (Method::POST, RENEW, Value::Null),
        (Method::DELETE, "/api/auth/factors/totp", Value::Null),
    ] {
        let body = Some(("application/json", body.to_string().into_bytes()));
        let answer = browser.send(method, path, body).await;
        assert_eq!(refusal(&answer), (403, "step_up_required".into()), "{path}");
    }
    assert_eq!(step_up(&mut browser, "password", PASSWORD).await.status, 200);
    assert_eq!(browser.post(CONFIRM, json!({"code": code})).await.status, 200);
}

#[tokio::test]
async fn enrolling_codes_is_no_step_up() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    add_address(&app, &mut browser, "email", "ada@example.org").await;
    app.clock.advance(800);
    assert_eq!(enrol_codes(&mut browser, "email").await.status, 200);
    app.clock.advance(101);
    assert_eq!(refusal(&browser.post(TOTP, Value::Null).await), (403, "step_up_required".into()));
    let session = browser.get("/api/auth/me").await.json()["session"].clone();
    assert_eq!((&session["assurance"], &session["methods"]), (&json!("aal1"), &json!(["pwd"])));
}

#[tokio::test]
async fn codes_that_are_not_offered_are_refused() {
    let app = TestApp::with(&[("WARD_CODE_FACTORS", "none")]).await;
    let mut browser = user(&app, "ada").await;
    add_address(&app, &mut browser, "email", "ada@example.org").await;
    for method in ["email", "sms"] {
        assert_eq!(refusal(&enrol_codes(&mut browser, method).await), (400, "factor_not_offered".into()));
    }
}

#[tokio::test]
async fn a_short_password_keeps_its_second_factor() {
    let app = TestApp::with(&[("WARD_PASSWORD_SCORE", "2")]).await;
    let mut browser = user(&app, "ada").await;
    let (totp, _) = enrol_totp(&app, &mut browser).await;
    assert_eq!(change(&mut browser, Some(PASSWORD), "vX9#qL2!").await.status, 204);
    assert_eq!(refusal(&browser.delete(TOTP).await), (409, "password_too_short_alone".into()));
    assert_eq!(list(&mut browser).await["backup_codes_left"], 10, "nothing was removed");
    assert_eq!(step_up(&mut browser, "totp", &totp.code(&app)).await.status, 200);
    assert_eq!(change(&mut browser, Some("vX9#qL2!"), "seven herons carry umbrellas").await.status, 204);
    assert_eq!(browser.delete(TOTP).await.status, 204);
}

#[tokio::test]
async fn a_role_that_needs_a_second_factor_begins_with_it() {
    let app = TestApp::with(&[("WARD_MFA_ROLES", "user")]).await;
    let mut browser = user(&app, "ada").await;
    for path in ["/api/storage/keys", "/api/chats", "/api/usage"] {
        assert_eq!(refusal(&browser.get(path).await), (403, "second_factor_required".into()), "{path}");
    }
    assert_eq!(
        browser.post("/api/storage/set", json!({"key": "k", "value": 1})).await.code(),
        "second_factor_required"
    );
    assert_eq!(browser.get("/api/auth/me").await.status, 200);
    assert_eq!(list(&mut browser).await["required"], true);
    // Nor does a key that it makes get any further.
    let key = json!({"name": "Around", "scopes": ["storage:read"]});
    assert_eq!(refusal(&browser.post("/api/auth/api-keys", key.clone()).await), (403, "second_factor_required".into()));
    // A mistyped address may go: it is no factor.
    let wrong = add_unproved(&mut browser, "email", "adda@example.org").await;
    assert_eq!(browser.delete(&format!("/api/auth/contacts/{wrong}")).await.status, 204);

    enrol_totp(&app, &mut browser).await;
    for path in ["/api/storage/keys", "/api/chats", "/api/usage"] {
        assert_eq!(browser.get(path).await.status, 200, "{path}");
    }
    assert_eq!(browser.post("/api/auth/api-keys", key).await.status, 201);
    assert_eq!(refusal(&browser.delete(TOTP).await), (409, "factor_required".into()));
    // With a passkey beside it it may go, and then the passkey may not.
    assert_eq!(browser.add_passkey("key").await.status, 201);
    assert_eq!(browser.delete(TOTP).await.status, 204);
    let passkeys = browser.get("/api/auth/passkeys").await.json();
    let path = format!("/api/auth/passkeys/{}", passkeys["passkeys"][0]["id"].as_str().unwrap());
    assert_eq!(refusal(&browser.delete(&path).await), (409, "factor_required".into()));
}

#[tokio::test]
async fn a_trusted_device_passes_where_the_role_needs_a_second_factor() {
    let app = TestApp::with(&[("WARD_MFA_ROLES", "user")]).await;
    let mut browser = user(&app, "ada").await;
    let (totp, _) = enrol_totp(&app, &mut browser).await;
    let challenge = challenge(&mut browser, "ada").await;
    let body = json!({"challenge": challenge, "method": "totp", "code": totp.code(&app), "trust_device": true});
    assert_eq!(post(&mut browser, "/api/auth/second-factor", body).await.status, 200);
    assert_eq!(log_in(&mut browser, "ada").await.status, 200);
    assert_eq!(browser.get("/api/usage").await.status, 200);
}

#[tokio::test]
async fn one_connection_is_enough_for_all_of_it() {
    let app = TestApp::with(&[("WARD_DATABASE_POOL", "1")]).await;
    let mut browser = user(&app, "ada").await;
    // The data keys are out of the cache before each step: none may have to be fetched while a connection is held.
    app.clock.advance(301);
    let email = add_address(&app, &mut browser, "email", "ada@example.org").await;
    app.clock.advance(301);
    assert_eq!(enrol_codes(&mut browser, "email").await.status, 200);
    assert_eq!(step_up(&mut browser, "password", PASSWORD).await.status, 200);
    app.clock.advance(301);
    let (totp, _) = enrol_totp(&app, &mut browser).await;
    app.clock.advance(301);
    let backup = codes(&browser.post(RENEW, Value::Null).await);
    app.clock.advance(301);
    let mut other = app.browser();
    let due = challenge(&mut other, "ada").await;
    app.clock.advance(290);
    let body = json!({"challenge": due, "method": "totp", "code": totp.code(&app), "trust_device": true});
    assert_eq!(post(&mut other, "/api/auth/second-factor", body).await.status, 200);
    app.clock.advance(301);
    assert_eq!(log_in(&mut other, "ada").await.status, 200, "in place of the session it has");
    app.clock.advance(301);
    assert_eq!(step_up(&mut other, "backup_code", &backup[0]).await.status, 200);
    app.clock.advance(301);
    assert_eq!(other.delete(TOTP).await.status, 204);
    assert_eq!(other.delete(&format!("/api/auth/contacts/{email}")).await.status, 204);
    app.clock.advance(301);
    assert_eq!(log_in(&mut app.browser(), "ada").await.status, 200);
}
