//! `/api/auth/step-up`.

use serde_json::{Value, json};
use tests::{Services, TestApp};

use super::{column, second_browser, until_waiting, weaken};

const OPTIONS: &str = "/api/auth/step-up/options";
const STEP_UP: &str = "/api/auth/step-up";
const SEND: &str = "/api/auth/step-up/send";
const SENSITIVE: &str = "/api/auth/passkeys/options";

#[tokio::test]
async fn a_passkey_shown_again_opens_sensitive_routes_for_15_minutes() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    app.clock.advance(901);
    assert_eq!(browser.post(SENSITIVE, Value::Null).await.code(), "step_up_required");
    let before = browser.clone();
    let answer = browser.step_up().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(browser.post(SENSITIVE, Value::Null).await.status, 200);

    // A new token, and with it a new CSRF token; the old one is over.
    assert_ne!(browser.cookies["__Host-ward_session"], before.cookies["__Host-ward_session"]);
    assert_ne!(browser.csrf, before.csrf);
    assert_eq!(before.clone().get("/api/auth/me").await.status, 401);
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.contains(&format!("Max-Age={}", 86_400 - 901)), "the session ends when it would have: {cookie}");
    let session = browser.get("/api/auth/me").await.json()["session"].clone();
    assert_eq!(session["expires_at"], "2026-03-15T15:09:26Z");
    assert_eq!(session["methods"], json!(["hwk", "user"]));

    let audits = "SELECT event FROM session_audits ORDER BY created_at";
    assert_eq!(column(&app, audits).await, ["begun", "stepped_up"]);
    assert_eq!(column(&app, "SELECT count(*)::text FROM sessions").await, ["1"]);
    let attempts = "SELECT result FROM login_attempts WHERE method = 'passkey'";
    assert_eq!(column(&app, attempts).await, ["stepped_up"]);
    let actions = "SELECT action FROM audit_log WHERE action LIKE 'auth.step_up%' ORDER BY action";
    assert_eq!(column(&app, actions).await, ["auth.step_up", "auth.step_up.options"]);

    app.clock.advance(901);
    assert_eq!(browser.post(SENSITIVE, Value::Null).await.code(), "step_up_required");
}

#[tokio::test]
async fn the_old_token_is_over_with_redis_too() {
    let redis = format!("redis+unix://{}", Services::get().redis_socket().display());
    let app = TestApp::with(&[("REDIS_URL", &redis)]).await;
    let mut browser = app.signed_in("ada").await;
    assert_eq!(browser.get("/api/auth/me").await.status, 200);
    let mut before = browser.clone();
    assert_eq!(browser.step_up().await.status, 200);
    assert_eq!(before.get("/api/auth/me").await.status, 401);
    assert_eq!(browser.get("/api/auth/me").await.status, 200);
}

#[tokio::test]
async fn options_name_the_accounts_passkeys() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    browser.add_passkey("spare").await;
    let mut grace = app.signed_in("grace").await;
    let options = browser.post(OPTIONS, Value::Null).await.json();
    let held: Vec<_> = browser.authenticator.credentials.iter().map(|credential| json!(credential.id)).collect();
    let allowed: Vec<_> =
        options["allowCredentials"].as_array().unwrap().iter().map(|allowed| allowed["id"].clone()).collect();
    assert_eq!(allowed, held);
    assert_eq!(options["userVerification"], "required");
    assert_eq!(options["rpId"], "localhost");
    assert!(grace.authenticator.try_get(&options).is_none(), "another user's authenticator has no answer");
    let others = grace.post(OPTIONS, Value::Null).await.json();
    assert!(!others.to_string().contains(&browser.authenticator.credentials[0].id));

    app.superuser().await.batch_execute("DELETE FROM passkey_credentials").await.unwrap();
    let answer = browser.post(OPTIONS, Value::Null).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "no_passkey"));
}

#[tokio::test]
async fn another_users_passkey_is_no_factor() {
    let app = TestApp::new().await;
    let (mut ada, grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    for (tells_user_handle, code) in [(true, "passkey_rejected"), (false, "passkey_unknown")] {
        let mut options = ada.post(OPTIONS, Value::Null).await.json();
        options["allowCredentials"] = json!([]);
        let mut authenticator = grace.authenticator.clone();
        authenticator.tells_user_handle = tells_user_handle;
        let body = json!({"method": "passkey", "credential": authenticator.get(&options)});
        let answer = ada.post(STEP_UP, body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, code));
    }
    assert_eq!(ada.get("/api/auth/me").await.status, 200, "the session is as it was");
    // One's own is, with or without the handle.
    ada.authenticator.tells_user_handle = false;
    assert_eq!(ada.step_up().await.status, 200);
}

#[tokio::test]
async fn step_up_refuses_a_malformed_body() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let options = browser.post(OPTIONS, Value::Null).await.json();
    let credential = browser.authenticator.get(&options);
    for body in [
        json!({}),
        json!({"method": "passkey"}),
        json!({"method": "passkey", "credential": {}}),
        json!({"method": "magic", "credential": credential}),
        json!({"method": "passkey", "credential": credential, "user_id": "x"}),
        json!({"credential": credential}),
    ] {
        let answer = browser.post(STEP_UP, body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, "invalid_body"));
    }
    let answer = browser.post(STEP_UP, json!({"method": "passkey", "credential": credential})).await;
    assert_eq!(answer.status, 200, "none of these has used the challenge up: {}", answer.text());
}

#[tokio::test]
async fn a_challenge_is_used_once_by_its_session_within_five_minutes() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let mut elsewhere = second_browser(&app, &browser).await;
    let options = browser.post(OPTIONS, Value::Null).await.json();
    let body = json!({"method": "passkey", "credential": browser.authenticator.get(&options)});
    assert_eq!(elsewhere.post(STEP_UP, body.clone()).await.code(), "ceremony_expired");

    let mut twin = browser.clone();
    let (one, other) = tokio::join!(browser.post(STEP_UP, body.clone()), twin.post(STEP_UP, body));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert!(statuses == [200, 400] || statuses == [200, 401], "{statuses:?}");
    let stepped_up = column(&app, "SELECT event FROM session_audits WHERE event = 'stepped_up'").await;
    assert_eq!(stepped_up.len(), 1);

    let options = elsewhere.post(OPTIONS, Value::Null).await.json();
    let body = json!({"method": "passkey", "credential": elsewhere.authenticator.get(&options)});
    app.clock.advance(301);
    assert_eq!(elsewhere.post(STEP_UP, body).await.code(), "ceremony_expired");
    // A sign-in's challenge is none of a step-up.
    let options = elsewhere.post("/api/auth/passkeys/authentication/options", Value::Null).await.json();
    let body = json!({"method": "passkey", "credential": elsewhere.authenticator.get(&options)});
    assert_eq!(elsewhere.post(STEP_UP, body).await.code(), "ceremony_expired");
}

#[tokio::test]
async fn a_session_that_ends_or_changes_its_token_meanwhile_is_not_stepped_up() {
    for meanwhile in ["token_hash = sha256('another step-up')", "revoked_at = now()"] {
        let app = TestApp::new().await;
        let mut browser = app.signed_in("ada").await;
        // From here on the cache knows the session, and nothing but the step-up asks for its row.
        assert_eq!(browser.get("/api/auth/me").await.status, 200);
        let other = app.superuser().await;
        other.batch_execute(&format!("BEGIN; UPDATE sessions SET {meanwhile}")).await.unwrap();
        let release = async {
            until_waiting(&app, 1).await;
            other.batch_execute("COMMIT").await.unwrap();
        };
        let (answer, ()) = tokio::join!(browser.step_up(), release);
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "unauthenticated"), "{meanwhile}");
        assert!(!answer.headers.contains_key("set-cookie"));
        assert_eq!(column(&app, "SELECT event FROM session_audits").await, ["begun"]);
        assert_eq!(column(&app, "SELECT last_used_at::text FROM passkey_credentials").await, ["null"]);
    }
}

#[tokio::test]
async fn five_wrong_tries_are_enough_for_a_while() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    browser.authenticator.signs_right = false;
    for _ in 0..5 {
        assert_eq!(browser.step_up().await.code(), "passkey_rejected");
    }
    let answer = browser.step_up().await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (429, "sign_in_throttled"));
    let failed = "SELECT event_type FROM security_events WHERE event_type = 'login_failed'";
    assert_eq!(column(&app, failed).await.len(), 5);
    app.clock.advance(900);
    browser.authenticator.signs_right = true;
    assert_eq!(browser.step_up().await.status, 200);
}

#[tokio::test]
async fn a_session_of_one_factor_reaches_level_2() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    weaken(&app).await;
    assert_eq!(browser.get("/api/auth/me").await.json()["session"]["assurance"], "aal1");
    assert_eq!(browser.post(SENSITIVE, Value::Null).await.code(), "step_up_required", "recent, but one factor");
    assert_eq!(browser.step_up().await.status, 200);
    let session = browser.get("/api/auth/me").await.json()["session"].clone();
    assert_eq!(session["assurance"], "aal2");
    assert_eq!(session["methods"], json!(["pwd", "hwk", "user"]));
    assert_eq!(browser.post(SENSITIVE, Value::Null).await.status, 200);
}

#[tokio::test]
async fn a_counter_that_falls_is_no_step_up() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    browser.authenticator.counter = 5;
    browser.register("ada").await;
    let before = browser.cookies.clone();
    assert_eq!(browser.step_up().await.code(), "passkey_rejected");
    assert_eq!(browser.cookies, before);
    let events = "SELECT severity FROM security_events WHERE event_type = 'passkey_counter_regressed'";
    assert_eq!(column(&app, events).await, ["high"]);
    browser.authenticator.counter = 6;
    assert_eq!(browser.step_up().await.status, 200);
    assert_eq!(column(&app, "SELECT sign_count::text FROM passkey_credentials").await, ["6"]);
}

#[tokio::test]
async fn a_step_up_without_the_csrf_token_is_refused() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let options = browser.post(OPTIONS, Value::Null).await.json();
    let body = json!({"method": "passkey", "credential": browser.authenticator.get(&options)});
    browser.csrf = None;
    for path in [OPTIONS, STEP_UP, SEND] {
        assert_eq!(browser.post(path, body.clone()).await.code(), "csrf_token_invalid");
    }
}
