//! The bodies a passkey's answer comes in: as browsers send them, and nothing besides.

use axum::http::Method;
use serde_json::{Value, json};
use tests::{Browser, TestApp};

use super::recovery_links::{COMPLETE, EMAIL, ada, token};
use super::{PASSKEY_OPTIONS, PASSKEYS};

const REGISTRATION: &str = "/api/auth/passkeys/registration/verify";
const AUTHENTICATION: &str = "/api/auth/passkeys/authentication/verify";
const STEP_UP: &str = "/api/auth/step-up";

/// Sends a body with its credential spoilt in each way, which uses no challenge up, and then as it is.
async fn only_as_it_should_be(browser: &mut Browser, path: &str, body: &Value, status: u16) {
    let credential = if body["credential"].is_null() { body.clone() } else { body["credential"].clone() };
    for (name, value) in [("user_id", json!("x")), ("Session", json!("token")), ("id", json!(7)), ("type", Value::Null)]
    {
        let mut spoilt = credential.clone();
        spoilt[name] = value;
        expect(browser, path, put(body, &spoilt).to_string(), 422).await;
    }
    let twice = credential.to_string().replacen('{', &format!("{{\"type\":{},", credential["type"]), 1);
    let twice = body.to_string().replace(&credential.to_string(), &twice);
    expect(browser, path, twice, 422).await;

    let mut grown = credential;
    grown["clientExtensionResults"] = json!({"credProps": {"rk": true}, "of_the_future": {"x": 1}});
    grown["response"]["publicKeyAlgorithm"] = json!(-7);
    grown["response"]["ofTheFuture"] = json!("x");
    let answer = expect(browser, path, put(body, &grown).to_string(), status).await;
    assert_eq!(answer["access_token"].is_string(), body["session"] == "token", "{path}");
}

fn put(body: &Value, credential: &Value) -> Value {
    if body["credential"].is_null() {
        return credential.clone();
    }
    let mut body = body.clone();
    body["credential"] = credential.clone();
    body
}

async fn expect(browser: &mut Browser, path: &str, body: String, status: u16) -> Value {
    let answer = browser.send(Method::POST, path, Some(("application/json", body.clone().into_bytes()))).await;
    assert_eq!(answer.status.as_u16(), status, "{path} {body}: {}", answer.text());
    if status == 422 {
        assert_eq!(answer.code(), "invalid_body");
    }
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

#[tokio::test]
async fn registration_and_sign_in_take_a_credential_and_the_kind_of_session() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let names = json!({"username": "ada", "display_name": "Ada"});
    let options = browser.post("/api/auth/passkeys/registration/options", names).await.json();
    let mut body = browser.authenticator.create(&options);
    body["session"] = json!("token");
    only_as_it_should_be(&mut browser, REGISTRATION, &body, 201).await;

    let options = browser.post("/api/auth/passkeys/authentication/options", Value::Null).await.json();
    let mut body = browser.authenticator.get(&options);
    body["session"] = json!("token");
    only_as_it_should_be(&mut browser, AUTHENTICATION, &body, 200).await;
}

#[tokio::test]
async fn a_credential_in_a_body_has_its_own_members_only() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let options = browser.post("/api/auth/step-up/options", Value::Null).await.json();
    let body = json!({"method": "passkey", "credential": browser.authenticator.get(&options)});
    let mut stepping_up = browser.clone();
    only_as_it_should_be(&mut stepping_up, STEP_UP, &body, 200).await;

    let mut browser = app.signed_in("grace").await;
    let options = browser.post(PASSKEY_OPTIONS, Value::Null).await.json();
    let body = json!({"name": "spare", "credential": app.browser().authenticator.create(&options)});
    only_as_it_should_be(&mut browser, PASSKEYS, &body, 201).await;
}

#[tokio::test]
async fn a_credential_by_a_link_has_its_own_members_only() {
    let app = TestApp::new().await;
    ada(&app).await;
    let link = token(&app, EMAIL).await;
    let mut browser = app.browser();
    let options = browser.post("/api/auth/recovery/options", json!({"token": link})).await.json();
    let body = json!({"token": link, "credential": browser.authenticator.create(&options)});
    only_as_it_should_be(&mut browser, COMPLETE, &body, 204).await;
}
