//! `/api/auth/step-up` with a password or a code.

use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tests::TestApp;

use super::column;
use super::enrolled::{
    add_address, answer, challenge, code_sent_to, codes, enrol_codes, enrol_totp, step_up, with_token,
};
use super::people::{PASSWORD, refusal, user};

const STEP_UP: &str = "/api/auth/step-up";
const SEND: &str = "/api/auth/step-up/send";
const SENSITIVE: &str = "/api/auth/passkeys/options";

/// What an access token says.
pub fn claims(token: &str) -> Value {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

#[tokio::test]
async fn each_method_opens_sensitive_routes_for_15_minutes() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    add_address(&app, &mut browser, "email", "ada@example.org").await;
    add_address(&app, &mut browser, "phone", "+254700000001").await;

    // With nothing stronger, the password and then a code by email.
    app.clock.advance(901);
    assert_eq!(browser.post(SENSITIVE, Value::Null).await.code(), "step_up_required");
    assert_eq!(
        refusal(&step_up(&mut browser, "password", "seven loud otters at dusk!").await),
        (400, "password_wrong".into())
    );
    assert_eq!(step_up(&mut browser, "password", PASSWORD).await.status, 200);
    assert_eq!(browser.post(SENSITIVE, Value::Null).await.status, 200);
    assert_eq!(enrol_codes(&mut browser, "email").await.status, 200);
    app.clock.advance(901);
    let sent = browser.post(SEND, json!({"method": "email"})).await;
    assert_eq!(sent.status, 202, "{}", sent.text());
    assert_eq!(sent.json()["sent_to"], "a***@e***.org");
    let code = code_sent_to(&app, "ada@example.org");
    assert_eq!(step_up(&mut browser, "email", &code).await.status, 200);
    assert_eq!(step_up(&mut browser, "email", &code).await.code(), "code_invalid", "a code works once");
    assert_eq!(browser.post(SENSITIVE, Value::Null).await.status, 200);
    assert_eq!(browser.get("/api/auth/me").await.json()["session"]["assurance"], "aal1");

    // From here on the account has something stronger.
    assert_eq!(enrol_codes(&mut browser, "sms").await.status, 200);
    assert_eq!(browser.post(SENSITIVE, Value::Null).await.code(), "step_up_required", "one factor is too few now");
    assert_eq!(browser.post(SEND, json!({"method": "sms"})).await.status, 202);
    assert_eq!(step_up(&mut browser, "sms", &code_sent_to(&app, "+254700000001")).await.status, 200);
    let session = browser.get("/api/auth/me").await.json()["session"].clone();
    assert_eq!((&session["assurance"], &session["methods"]), (&json!("aal2"), &json!(["pwd", "email", "sms"])));
    let (totp, _) = enrol_totp(&app, &mut browser).await;
    let backup = codes(&browser.post("/api/auth/factors/backup-codes", Value::Null).await);
    for method in ["totp", "backup_code"] {
        app.clock.advance(901);
        assert_eq!(browser.post(SENSITIVE, Value::Null).await.code(), "step_up_required");
        let code = if method == "totp" { totp.code(&app) } else { backup[0].clone() };
        let before = browser.clone();
        assert_eq!(step_up(&mut browser, method, &code).await.status, 200);
        assert_eq!(before.clone().get("/api/auth/me").await.status, 401, "the old token is over");
        assert_eq!(step_up(&mut browser, method, &code).await.code(), "code_invalid", "a code works once");
        assert_eq!(browser.post(SENSITIVE, Value::Null).await.status, 200);
        app.clock.advance(900);
        assert_eq!(browser.post(SENSITIVE, Value::Null).await.status, 200);
    }
}

#[tokio::test]
async fn a_weaker_factor_than_the_account_has_is_refused_unseen() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    add_address(&app, &mut browser, "email", "ada@example.org").await;
    assert_eq!(enrol_codes(&mut browser, "email").await.status, 200);
    enrol_totp(&app, &mut browser).await;
    let sent = app.outbox().len();
    assert_eq!(refusal(&browser.post(SEND, json!({"method": "email"})).await), (403, "factor_too_weak".into()));
    assert_eq!(app.outbox().len(), sent);
    for method in ["password", "email"] {
        for secret in [PASSWORD, "123456"] {
            assert_eq!(refusal(&step_up(&mut browser, method, secret).await), (403, "factor_too_weak".into()));
        }
    }
    let wrong = "SELECT 1::text FROM security_events WHERE event_type = 'login_failed'";
    assert!(column(&app, wrong).await.is_empty(), "none was looked at");
}

#[tokio::test]
async fn a_code_is_for_its_own_ceremony() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    add_address(&app, &mut browser, "phone", "+254700000001").await;
    assert_eq!(enrol_codes(&mut browser, "sms").await.status, 200);
    let mut other = app.browser();
    let there = challenge(&mut other, "ada").await;
    let send = json!({"challenge": there, "method": "sms"});
    assert_eq!(other.post("/api/auth/second-factor/send", send).await.status, 202);
    let to_sign_in = code_sent_to(&app, "+254700000001");
    assert_eq!(step_up(&mut browser, "sms", &to_sign_in).await.code(), "code_invalid");
    assert_eq!(browser.post(SEND, json!({"method": "sms"})).await.status, 202);
    let to_step_up = code_sent_to(&app, "+254700000001");
    if to_step_up != to_sign_in {
        assert_eq!(answer(&mut other, &there, "sms", &to_step_up).await.code(), "code_invalid");
    }
    assert_eq!(answer(&mut other, &there, "sms", &to_sign_in).await.status, 200);
    // Nor does it step up another session of the user's.
    if to_step_up != to_sign_in {
        assert_eq!(step_up(&mut other, "sms", &to_step_up).await.code(), "code_invalid");
    }
    assert_eq!(step_up(&mut browser, "sms", &to_step_up).await.status, 200);
}

#[tokio::test]
async fn another_users_code_is_no_factor() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (user(&app, "ada").await, user(&app, "grace").await);
    let (adas, _) = enrol_totp(&app, &mut ada).await;
    enrol_totp(&app, &mut grace).await;
    assert_eq!(refusal(&step_up(&mut grace, "totp", &adas.code(&app)).await), (400, "code_invalid".into()));
    assert_eq!(refusal(&grace.post(SEND, json!({"method": "sms"})).await), (400, "factor_unknown".into()));
    assert_eq!(step_up(&mut ada, "totp", &adas.code(&app)).await.status, 200);
}

#[tokio::test]
async fn sending_a_code_refuses_a_malformed_body() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    for body in [json!({}), json!({"method": "pigeon"}), json!({"method": "sms", "to": "+254700000009"})] {
        assert_eq!(refusal(&browser.post(SEND, body).await), (422, "invalid_body".into()));
    }
}

#[tokio::test]
async fn a_session_in_tokens_gets_a_token_that_says_so() {
    let app = TestApp::new().await;
    let mut page = user(&app, "ada").await;
    let (totp, backup) = enrol_totp(&app, &mut page).await;
    let mut client = app.browser();
    let body = json!({"username": "ada", "password": PASSWORD, "session": "token"});
    let asked = client.post("/api/auth/login", body).await.json();
    let challenge = asked["second_factor"]["challenge"].as_str().unwrap();
    let tokens = answer(&mut client, challenge, "totp", &totp.code(&app)).await.json();
    let old = tokens["access_token"].as_str().unwrap();
    app.clock.advance(901);
    let sensitive = with_token(&client, old, Method::POST, SENSITIVE, Value::Null).await;
    assert_eq!(refusal(&sensitive), (403, "step_up_required".into()));
    let body = json!({"method": "backup_code", "code": backup[0]});
    let stepped_up = with_token(&client, old, Method::POST, STEP_UP, body).await;
    assert_eq!(stepped_up.status, 200, "{}", stepped_up.text());
    assert!(!stepped_up.headers.contains_key("set-cookie"));
    let stepped_up = stepped_up.json();
    assert_eq!((&stepped_up["token_type"], &stepped_up["expires_in"]), (&json!("Bearer"), &json!(3_600)));
    assert!(stepped_up["refresh_token"].is_null() && stepped_up["csrf_token"].is_null());
    let new = stepped_up["access_token"].as_str().unwrap();
    assert_eq!((&claims(old)["sid"], "aal2"), (&claims(new)["sid"], claims(new)["acr"].as_str().unwrap()));
    assert_eq!(claims(new)["auth_time"].as_i64().unwrap() - claims(old)["auth_time"].as_i64().unwrap(), 901);
    for token in [new, old] {
        // The session is what counts: both tokens name it.
        assert_eq!(with_token(&client, token, Method::POST, SENSITIVE, Value::Null).await.status, 200);
    }
}
