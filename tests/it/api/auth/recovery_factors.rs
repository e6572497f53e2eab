//! Recovery beside second factors, and by a new passkey.

use axum::http::Method;
use serde_json::{Value, json};
use tests::{Browser, TestApp};

use super::clients::{PASSWORD, totp_code};
use super::column;
use super::recovery_links::{
    COMPLETE, EMAIL, NEW_PASSWORD, ada, add_address, complete, link_invalid, log_in, newest, refusal, token,
};

const OPTIONS: &str = "/api/auth/recovery/options";
const SEND: &str = "/api/auth/recovery/send";

/// Enrols an authenticator app; gives its secret and the backup codes. Its next code is another one.
async fn enrol_totp(app: &TestApp, browser: &mut Browser) -> (String, Value) {
    let answer = browser.post("/api/auth/factors/totp", Value::Null).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let secret = answer.json()["secret"].as_str().unwrap().to_owned();
    let code = totp_code(app, &secret).await;
    let answer = browser.post("/api/auth/factors/totp/confirm", json!({"code": code})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    browser.csrf = answer.json()["csrf_token"].as_str().map(str::to_owned);
    app.clock.advance(30);
    (secret, answer.json()["backup_codes"].clone())
}

/// Makes a passkey by a link, in a browser of its own.
async fn passkey(app: &TestApp, token: &str) -> (Browser, Value) {
    let mut browser = app.browser();
    let options = browser.post(OPTIONS, json!({"token": token})).await;
    assert_eq!(options.status, 200, "{}", options.text());
    let credential = browser.authenticator.create(&options.json());
    (browser, credential)
}

fn with_code(token: &str, password: &str, method: &str, code: &str) -> Value {
    json!({"token": token, "new_password": password, "method": method, "code": code})
}

#[tokio::test]
async fn a_second_factor_stays_in_force() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    let (secret, backup_codes) = enrol_totp(&app, &mut browser).await;
    let link = token(&app, EMAIL).await;
    let due = json!({"second_factor": {"methods": ["totp", "backup_code"]}});
    for _ in 0..2 {
        let answer = complete(&app, &link).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (202, due.clone()));
    }
    // The link came by email: a code by email proves nothing more.
    let by_email = app.browser().post(COMPLETE, with_code(&link, NEW_PASSWORD, "email", "000000")).await;
    assert_eq!((by_email.status.as_u16(), by_email.json()), (202, due));
    for method in ["email", "totp", "backup_code", "sms"] {
        let answer = app.browser().post(SEND, json!({"token": link, "method": method})).await;
        assert_eq!(refusal(&answer), (400, "factor_unknown".into()), "{method}");
    }
    let wrong = if totp_code(&app, &secret).await == "000000" { "000001" } else { "000000" };
    for (method, code) in [("totp", wrong), ("sms", "000000"), ("backup_code", "aaaaa-aaaaa")] {
        let answer = app.browser().post(COMPLETE, with_code(&link, NEW_PASSWORD, method, code)).await;
        assert_eq!(refusal(&answer), (400, "code_invalid".into()), "{method}");
    }
    assert_eq!(column(&app, "SELECT result FROM login_attempts WHERE result = 'wrong_code'").await.len(), 3);
    assert_eq!(log_in(&app, NEW_PASSWORD).await.code(), "credentials_invalid");

    // A password that will not do uses up no code.
    let code = totp_code(&app, &secret).await;
    let weak = app.browser().post(COMPLETE, with_code(&link, "short", "totp", &code)).await;
    assert_eq!(weak.code(), "password_too_short");
    let done = app.browser().post(COMPLETE, with_code(&link, NEW_PASSWORD, "totp", &code)).await;
    assert_eq!(done.status, 204, "{}", done.text());
    let answer = log_in(&app, NEW_PASSWORD).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["second_factor"]["methods"][0]), (202, &json!("totp")));

    let link = token(&app, EMAIL).await;
    let code = backup_codes[0].as_str().unwrap();
    let other = "nine-zebras-sail-homeward";
    let done = app.browser().post(COMPLETE, with_code(&link, other, "backup_code", code)).await;
    assert_eq!(done.status, 204, "{}", done.text());
    assert_eq!(column(&app, "SELECT id::text FROM backup_codes WHERE used_at IS NULL").await.len(), 9);
}

#[tokio::test]
async fn wrong_codes_are_counted_and_slowed_down() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    let (secret, _) = enrol_totp(&app, &mut browser).await;
    let link = token(&app, EMAIL).await;
    let wrong = if totp_code(&app, &secret).await == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        let answer = app.browser().post(COMPLETE, with_code(&link, NEW_PASSWORD, "totp", wrong)).await;
        assert_eq!(answer.code(), "code_invalid");
    }
    let right = totp_code(&app, &secret).await;
    let answer = app.browser().post(COMPLETE, with_code(&link, NEW_PASSWORD, "totp", &right)).await;
    assert_eq!(refusal(&answer), (429, "sign_in_throttled".into()));
    app.clock.advance(900);
    let right = totp_code(&app, &secret).await;
    let answer = app.browser().post(COMPLETE, with_code(&link, NEW_PASSWORD, "totp", &right)).await;
    assert_eq!(answer.status, 204, "the link holds still: {}", answer.text());
}

#[tokio::test]
async fn a_factor_enrolled_while_the_link_is_open_counts() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    let link = token(&app, EMAIL).await;
    enrol_totp(&app, &mut browser).await;
    assert_eq!(complete(&app, &link).await.status, 202);
}

#[tokio::test]
async fn a_code_by_sms_is_asked_for_and_one_by_email_is_not() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    let enrolled = browser.post("/api/auth/factors/codes", json!({"method": "email"})).await;
    assert!(enrolled.status.is_success(), "{}", enrolled.text());
    let link = token(&app, EMAIL).await;
    assert_eq!(complete(&app, &link).await.status, 204, "an email factor alone asks for nothing more");

    let mut browser = app.browser();
    let login = json!({"username": "ada", "password": NEW_PASSWORD});
    let challenge = browser.post("/api/auth/login", login).await.json()["second_factor"]["challenge"].clone();
    let sent = browser.post("/api/auth/second-factor/send", json!({"challenge": challenge, "method": "email"})).await;
    assert_eq!(sent.status, 202, "{}", sent.text());
    let body = json!({"challenge": challenge, "method": "email", "code": newest(&app, EMAIL).code});
    let answer = browser.post("/api/auth/second-factor", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    browser.csrf = answer.json()["csrf_token"].as_str().map(str::to_owned);
    let phone = "+254711123456";
    add_address(&app, &mut browser, "phone", phone, true).await;
    let enrolled = browser.post("/api/auth/factors/codes", json!({"method": "sms"})).await;
    assert!(enrolled.status.is_success(), "{}", enrolled.text());

    let (link, other) = (token(&app, EMAIL).await, token(&app, EMAIL).await);
    let due = complete(&app, &link).await;
    assert_eq!((due.status.as_u16(), &due.json()["second_factor"]["methods"][0]), (202, &json!("sms")));
    let sent = app.browser().post(SEND, json!({"token": link, "method": "sms"})).await;
    assert_eq!(sent.status, 202, "{}", sent.text());
    assert!(!sent.json()["sent_to"].as_str().unwrap().contains("711123"), "{}", sent.text());
    let code = newest(&app, phone).code.unwrap();
    let body = |token: &str| with_code(token, "nine-zebras-sail-homeward", "sms", &code);
    assert_eq!(app.browser().post(COMPLETE, body(&other)).await.code(), "code_invalid", "it is the first link's");
    let done = app.browser().post(COMPLETE, body(&link)).await;
    assert_eq!(done.status, 204, "{}", done.text());
}

#[tokio::test]
async fn a_passkey_made_by_a_link_signs_in_beside_the_others() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    assert_eq!(browser.add_passkey("first").await.status, 201);
    let link = token(&app, EMAIL).await;
    let options = app.browser().post(OPTIONS, json!({"token": link})).await.json();
    assert!(
        browser.authenticator.try_create(&options).is_none(),
        "one that has a passkey of the account needs no other"
    );
    assert_eq!(options["user"]["name"], "ada");

    let (mut recovered, credential) = passkey(&app, &link).await;
    let body = json!({"token": link, "credential": credential});
    let answer = recovered.post(COMPLETE, body).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    assert!(!answer.headers.contains_key("set-cookie"), "recovery signs nobody in");
    assert_eq!(browser.get("/api/auth/me").await.status, 401);
    assert_eq!(recovered.sign_in().await.status, 200);
    browser.lose_session();
    assert_eq!(browser.sign_in().await.status, 200, "the passkey from before signs in still");
    assert_eq!(log_in(&app, PASSWORD).await.status, 200, "and so does the password, which was not changed");
    let again = json!({"token": link, "credential": credential});
    assert_eq!(refusal(&recovered.post(COMPLETE, again).await), link_invalid());
    assert_eq!(refusal(&recovered.post(OPTIONS, json!({"token": link})).await), link_invalid());
    let read = "SELECT action FROM audit_log WHERE action = 'auth.recovery.options'";
    assert_eq!(column(&app, read).await.len(), 2, "the names in the options are the user's data");
}

#[tokio::test]
async fn recovery_ends_the_api_keys_too() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    let made = browser.post("/api/auth/api-keys", json!({"name": "k", "scopes": ["storage:read"]})).await.json();
    let mut thief = app.browser();
    let mut used = async || {
        let mut request = thief.request(&Method::GET, "/api/storage/keys", None);
        let bearer = format!("Bearer {}", made["key"].as_str().unwrap());
        request.headers_mut().insert("authorization", bearer.parse().unwrap());
        thief.send_request(request).await.status.as_u16()
    };
    assert_eq!(used().await, 200);
    let link = token(&app, EMAIL).await;
    assert_eq!(complete(&app, &link).await.status, 204);
    assert_eq!(used().await, 401, "the very next request");
}

#[tokio::test]
async fn where_the_role_needs_two_factors_a_mailbox_gets_no_passkey() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    assert_eq!(browser.add_passkey("first").await.status, 201);
    assert_eq!(browser.sign_in().await.status, 200);
    let before = token(&app, EMAIL).await;
    let (mut recovered, credential) = passkey(&app, &before).await;
    let id = browser.get("/api/auth/me").await.json()["user"]["id"].as_str().unwrap().to_owned();
    app.set_role(&id, "admin").await;

    let refused = (403, "mailbox_not_enough".to_owned());
    assert_eq!(refusal(&app.browser().post(OPTIONS, json!({"token": before})).await), refused);
    let late = recovered.post(COMPLETE, json!({"token": before, "credential": credential})).await;
    assert_eq!(refusal(&late), refused, "the role counts when the link is used");
    // A password is one factor: it opens nothing that the role may do.
    let answer = app.browser().post(COMPLETE, json!({"token": before, "new_password": NEW_PASSWORD})).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    let mut weak = app.browser();
    let body = json!({"username": "ada", "password": NEW_PASSWORD});
    assert_eq!(weak.post("/api/auth/login", body).await.status, 200);
    assert_eq!(refusal(&weak.get("/api/users").await), (403, "second_factor_required".into()));

    // Who is vouched for gets one.
    app.superuser().await.batch_execute("UPDATE account_recovery SET vouched = true").await.unwrap();
    app.superuser()
        .await
        .batch_execute("UPDATE account_recovery SET used_at = NULL, expires_at = 'infinity'")
        .await
        .unwrap();
    let (_, credential) = passkey(&app, &before).await;
    let answer = recovered.post(COMPLETE, json!({"token": before, "credential": credential})).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
}

#[tokio::test]
async fn a_passkey_ceremony_waits_for_the_second_factor() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    let (secret, _) = enrol_totp(&app, &mut browser).await;
    let link = token(&app, EMAIL).await;
    let (mut recovered, credential) = passkey(&app, &link).await;
    let first = recovered.post(COMPLETE, json!({"token": link, "credential": credential})).await;
    assert_eq!(first.status, 202, "{}", first.text());
    let wrong = if totp_code(&app, &secret).await == "000000" { "000001" } else { "000000" };
    let mut body = json!({"token": link, "credential": credential, "method": "totp", "code": wrong});
    assert_eq!(recovered.post(COMPLETE, body.clone()).await.code(), "code_invalid");
    body["code"] = json!(totp_code(&app, &secret).await);
    let done = recovered.post(COMPLETE, body).await;
    assert_eq!(done.status, 204, "{}", done.text());
    assert_eq!(recovered.sign_in().await.status, 200);
    assert_eq!(recovered.get("/api/auth/me").await.json()["session"]["assurance"], "aal2");
}

#[tokio::test]
async fn a_passkey_that_does_not_fit_the_challenge_is_refused() {
    let app = TestApp::new().await;
    ada(&app).await;
    let link = token(&app, EMAIL).await;
    let (mut recovered, mut credential) = passkey(&app, &link).await;
    // The options were asked for again meanwhile: the newest count.
    passkey(&app, &link).await;
    let answer = recovered.post(COMPLETE, json!({"token": link, "credential": credential})).await;
    assert_eq!(refusal(&answer), (400, "passkey_rejected".into()));
    (recovered, credential) = passkey(&app, &link).await;
    app.clock.advance(301);
    let answer = recovered.post(COMPLETE, json!({"token": link, "credential": credential})).await;
    assert_eq!(refusal(&answer), (400, "ceremony_expired".into()));
    let (mut recovered, credential) = passkey(&app, &link).await;
    assert_eq!(recovered.post(COMPLETE, json!({"token": link, "credential": credential})).await.status, 204);
}
