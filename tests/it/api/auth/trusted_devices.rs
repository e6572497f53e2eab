//! Devices that are spared the second factor, and those that are new.

use serde_json::json;
use tests::{Browser, TestApp};

use super::column;
use super::enrolled::{
    add_address, add_unproved, answer, challenge, code_sent_to, enrol_codes, guarded, log_in, post, step_up,
};
use super::people::{PASSWORD, refusal, user};

#[tokio::test]
async fn a_trusted_device_is_spared_the_second_factor_for_30_days() {
    let app = TestApp::new().await;
    let (mut browser, totp, _) = guarded(&app, "ada").await;
    trust(&app, &mut browser, "ada", "totp", &totp.code(&app)).await;
    assert_eq!(log_in(&mut browser, "ada").await.status, 200);
    let session = browser.get("/api/auth/me").await.json()["session"].clone();
    assert_eq!((&session["assurance"], &session["methods"]), (&json!("aal1"), &json!(["pwd", "trusted_device"])));
    // What it is spared at sign-in it is not spared before something sensitive.
    let got = browser.post("/api/auth/factors/backup-codes", json!(null)).await;
    assert_eq!(refusal(&got), (403, "step_up_required".into()));
    let got = step_up(&mut browser, "password", PASSWORD).await;
    assert_eq!(refusal(&got), (403, "factor_too_weak".into()));

    // Others are not: not another device, not another user on this one.
    assert_eq!(log_in(&mut app.browser(), "ada").await.status, 202);
    let (_, _, _) = guarded(&app, "grace").await;
    let mut shared = browser.clone();
    assert_eq!(log_in(&mut shared, "grace").await.status, 202);

    app.clock.advance(30 * 86_400 - 61);
    assert_eq!(log_in(&mut browser, "ada").await.status, 200);
    app.clock.advance(61);
    assert_eq!(log_in(&mut browser, "ada").await.status, 202);
}

#[tokio::test]
async fn a_device_that_is_forgotten_is_trusted_no_more() {
    let app = TestApp::new().await;
    let (mut browser, totp, _) = guarded(&app, "ada").await;
    trust(&app, &mut browser, "ada", "totp", &totp.code(&app)).await;
    let devices = browser.get("/api/auth/devices").await.json()["devices"].clone();
    let id = devices[0]["id"].as_str().unwrap();
    assert_eq!(devices[0]["trusted_until"], "2026-04-13T15:09:56Z");
    let mut other = app.browser();
    app.clock.advance(30);
    let there = challenge(&mut other, "ada").await;
    assert_eq!(answer(&mut other, &there, "totp", &totp.code(&app)).await.status, 200);
    assert_eq!(other.delete(&format!("/api/auth/devices/{id}")).await.status, 204);
    assert_eq!(browser.get("/api/auth/me").await.status, 401);
    assert_eq!(log_in(&mut browser, "ada").await.status, 202);
}

#[tokio::test]
async fn a_change_of_the_factors_ends_all_trust() {
    let app = TestApp::new().await;
    let (mut browser, totp, _) = guarded(&app, "ada").await;
    trust(&app, &mut browser, "ada", "totp", &totp.code(&app)).await;
    let renewed = browser.post("/api/auth/factors/backup-codes", json!(null)).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    assert_eq!(log_in(&mut browser, "ada").await.status, 202);
}

#[tokio::test]
async fn a_change_of_the_role_ends_all_trust() {
    let app = TestApp::new().await;
    let (mut browser, totp, _) = guarded(&app, "ada").await;
    trust(&app, &mut browser, "ada", "totp", &totp.code(&app)).await;
    assert_eq!(log_in(&mut browser, "ada").await.status, 200);
    let id = browser.get("/api/auth/me").await.json()["user"]["id"].as_str().unwrap().to_owned();
    let change = app.administrator("admin").await.patch(&format!("/api/users/{id}"), json!({"role": "auditor"})).await;
    assert_eq!(change.status, 200);
    assert_eq!(log_in(&mut browser, "ada").await.status, 202);
}

#[tokio::test]
async fn where_the_role_needs_level_2_email_makes_no_device_trusted() {
    let app = TestApp::with(&[("WARD_MFA_ROLES", "user")]).await;
    let mut browser = user(&app, "ada").await;
    add_address(&app, &mut browser, "email", "ada@example.org").await;
    assert_eq!(enrol_codes(&mut browser, "email").await.status, 200);
    let first = challenge(&mut browser, "ada").await;
    assert_eq!(
        browser.post("/api/auth/second-factor/send", json!({"challenge": first, "method": "email"})).await.status,
        202
    );
    let body = json!({"challenge": first, "method": "email", "code": code_sent_to(&app, "ada@example.org"),
        "trust_device": true});
    assert_eq!(post(&mut browser, "/api/auth/second-factor", body).await.status, 200);
    assert_eq!(browser.get("/api/usage").await.code(), "second_factor_required");
    assert_eq!(log_in(&mut browser, "ada").await.status, 202, "the device is not trusted");
    // One that was trusted before the role needed it is not, either.
    let trust = "UPDATE user_devices SET trusted_until = '2027-01-01T00:00:00Z'";
    app.superuser().await.batch_execute(trust).await.unwrap();
    assert_eq!(log_in(&mut browser, "ada").await.status, 202);
}

async fn trust(app: &TestApp, browser: &mut Browser, username: &str, method: &str, code: &str) {
    let challenge = challenge(browser, username).await;
    let body = json!({"challenge": challenge, "method": method, "code": code, "trust_device": true});
    let got = post(browser, "/api/auth/second-factor", body).await;
    assert_eq!(got.status, 200, "{}", got.text());
    assert_eq!(app.outbox().iter().filter(|sent| sent.template == "new_device").count(), 0);
}

#[tokio::test]
async fn a_new_device_is_told_to_proved_email_addresses() {
    let app = TestApp::new().await;
    let (mut browser, totp, _) = guarded(&app, "ada").await;
    for (kind, address) in [("email", "ada@example.org"), ("phone", "+254700000001")] {
        add_address(&app, &mut browser, kind, address).await;
    }
    add_unproved(&mut browser, "email", "later@example.org").await;
    let notices = || app.outbox().into_iter().filter(|sent| sent.template == "new_device").collect::<Vec<_>>();
    // The device of the registration is the first, and known from then on.
    let known = challenge(&mut browser, "ada").await;
    assert_eq!(answer(&mut browser, &known, "totp", &totp.code(&app)).await.status, 200);
    assert!(notices().is_empty());
    app.clock.advance(30);
    let mut other = app.browser();
    let elsewhere = challenge(&mut other, "ada").await;
    assert!(notices().is_empty(), "a password alone has signed nobody in");
    assert_eq!(answer(&mut other, &elsewhere, "totp", &totp.code(&app)).await.status, 200);
    let sent = notices();
    assert_eq!(sent.iter().map(|sent| sent.to.as_str()).collect::<Vec<_>>(), ["ada@example.org"]);
    assert!(sent[0].text.contains("An unknown device"), "{}", sent[0].text);
    assert_eq!(column(&app, "SELECT severity FROM security_events WHERE event_type = 'new_device'").await, ["low"]);
}
