//! `/api/auth/second-factor`: the second step of a sign-in.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::json;
use tests::TestApp;

use super::column;
use super::enrolled::{answer, challenge, guarded, log_in};
use super::people::{PASSWORD, refusal};

const SEND: &str = "/api/auth/second-factor/send";

#[tokio::test]
async fn a_password_and_a_code_of_the_app_sign_in() {
    let app = TestApp::new().await;
    let (_, totp, _) = guarded(&app, "ada").await;
    let mut browser = app.browser();
    let asked = log_in(&mut browser, "ada").await;
    assert_eq!(asked.status, 202);
    let needed = asked.json()["second_factor"].clone();
    assert_eq!(needed["methods"], json!(["totp", "backup_code"]));
    assert_eq!(needed["expires_at"], "2026-03-14T15:14:56Z");
    assert!(!browser.cookies.contains_key("__Host-ward_session"));
    assert_eq!(browser.get("/api/auth/me").await.status, 401);

    let challenge = needed["challenge"].as_str().unwrap();
    let signed_in = answer(&mut browser, challenge, "totp", &totp.code(&app)).await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.text());
    assert_eq!(signed_in.json()["user"]["username"], "ada");
    let session = browser.get("/api/auth/me").await.json()["session"].clone();
    assert_eq!((&session["assurance"], &session["methods"]), (&json!("aal2"), &json!(["pwd", "otp"])));
    let attempts = "SELECT method || ' ' || result FROM login_attempts ORDER BY created_at, method";
    assert_eq!(
        column(&app, attempts).await,
        ["registration success", "totp enrolled", "password second_factor_due", "totp success"]
    );

    // It is over with its success.
    app.clock.advance(30);
    assert_eq!(answer(&mut app.browser(), challenge, "totp", &totp.code(&app)).await.code(), "ceremony_expired");
}

#[tokio::test]
async fn in_token_mode_the_second_factor_gives_tokens() {
    let app = TestApp::new().await;
    let (_, totp, _) = guarded(&app, "ada").await;
    let mut client = app.browser();
    let body = json!({"username": "ada", "password": PASSWORD, "session": "token"});
    let asked = client.post("/api/auth/login", body).await.json();
    let challenge = asked["second_factor"]["challenge"].as_str().unwrap();
    let signed_in = answer(&mut client, challenge, "totp", &totp.code(&app)).await.json();
    assert!(signed_in["access_token"].is_string() && signed_in["refresh_token"].is_string());
    assert!(!client.cookies.contains_key("__Host-ward_session"));
}

#[tokio::test]
async fn a_code_holds_one_step_early_and_late() {
    let app = TestApp::new().await;
    let (_, totp, _) = guarded(&app, "ada").await;
    // Each comes after the last one taken: 300 seconds apart.
    for (seconds, status) in [(-60, 400), (-30, 200), (0, 200), (30, 200), (60, 400)] {
        app.clock.advance(300);
        let mut browser = app.browser();
        let challenge = challenge(&mut browser, "ada").await;
        let got = answer(&mut browser, &challenge, "totp", &totp.code_in(&app, seconds)).await;
        assert_eq!(got.status.as_u16(), status, "{seconds}: {}", got.text());
    }
}

#[tokio::test]
async fn a_code_of_the_app_works_once_in_parallel_too() {
    let app = TestApp::new().await;
    let (_, totp, _) = guarded(&app, "ada").await;
    let code = totp.code(&app);
    let mut waiting = Vec::new();
    for last in 1..=10 {
        let mut browser = app.browser();
        browser.address.set_ip([198, 51, 100, last].into());
        let challenge = challenge(&mut browser, "ada").await;
        waiting.push((browser, challenge));
    }
    let tries = waiting.iter_mut().map(|(browser, challenge)| answer(browser, challenge, "totp", &code));
    let statuses: Vec<_> = join_all(tries).await.iter().map(|got| got.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 400, 429].contains(status)), "{statuses:?}");
    app.clock.advance(29);
    let mut browser = app.browser();
    let challenge = challenge(&mut browser, "ada").await;
    assert_eq!(refusal(&answer(&mut browser, &challenge, "totp", &code).await), (400, "code_invalid".into()));
    assert_eq!(answer(&mut browser, &challenge, "totp", &totp.code_in(&app, 30)).await.status, 200);
}

#[tokio::test]
async fn an_older_code_is_over_once_a_newer_one_was_taken() {
    let app = TestApp::new().await;
    let (_, totp, _) = guarded(&app, "ada").await;
    let mut browser = app.browser();
    let first = challenge(&mut browser, "ada").await;
    assert_eq!(answer(&mut browser, &first, "totp", &totp.code_in(&app, 30)).await.status, 200);
    let second = challenge(&mut browser, "ada").await;
    assert_eq!(answer(&mut browser, &second, "totp", &totp.code(&app)).await.code(), "code_invalid");
}

#[tokio::test]
async fn five_wrong_codes_are_enough_for_a_while() {
    let app = TestApp::new().await;
    let (mut elsewhere, totp, backup) = guarded(&app, "ada").await;
    let mut browser = app.browser();
    browser.address.set_ip([198, 51, 100, 1].into());
    let first = challenge(&mut browser, "ada").await;
    for _ in 0..5 {
        let got = answer(&mut browser, &first, "totp", &totp.wrong(&app)).await;
        assert_eq!(refusal(&got), (400, "code_invalid".into()));
    }
    let got = answer(&mut browser, &first, "totp", &totp.code(&app)).await;
    assert_eq!(refusal(&got), (429, "sign_in_throttled".into()));
    assert_eq!(got.headers["retry-after"], "900");
    assert_eq!(column(&app, "SELECT 1::text FROM security_events WHERE event_type = 'login_failed'").await.len(), 5);
    // A new challenge brings no new tries; another factor, and the device the user has, have their own.
    let second = challenge(&mut browser, "ada").await;
    assert_eq!(answer(&mut browser, &second, "totp", &totp.code(&app)).await.status, 429);
    let at_home = challenge(&mut elsewhere, "ada").await;
    assert_eq!(answer(&mut elsewhere, &at_home, "totp", &totp.code(&app)).await.status, 200);
    assert_eq!(answer(&mut browser, &second, "backup_code", &backup[0]).await.status, 200);
    app.clock.advance(901);
    let third = challenge(&mut browser, "ada").await;
    assert_eq!(answer(&mut browser, &third, "totp", &totp.code(&app)).await.status, 200);
}

#[tokio::test]
async fn a_right_code_needs_the_right_challenge() {
    let app = TestApp::new().await;
    let (_, totp, _) = guarded(&app, "ada").await;
    let (mut grace, _, _) = guarded(&app, "grace").await;
    let graces = challenge(&mut grace, "grace").await;
    let code = totp.code(&app);
    let not_there = "A".repeat(43);
    for wrong in ["", "x", not_there.as_str()] {
        assert_eq!(refusal(&answer(&mut app.browser(), wrong, "totp", &code).await), (400, "ceremony_expired".into()));
    }
    assert_eq!(refusal(&answer(&mut grace, &graces, "totp", &code).await), (400, "code_invalid".into()));
    // It was used by none of them.
    let mut browser = app.browser();
    let adas = challenge(&mut browser, "ada").await;
    assert_eq!(answer(&mut browser, &adas, "totp", &code).await.status, 200);
}

#[tokio::test]
async fn a_challenge_gives_one_session_within_five_minutes() {
    let app = TestApp::new().await;
    let (_, totp, backup) = guarded(&app, "ada").await;
    let mut browser = app.browser();
    let due = challenge(&mut browser, "ada").await;
    let before = column(&app, "SELECT id::text FROM sessions").await.len();
    let (mut one, mut two) = (browser.clone(), browser.clone());
    let code = totp.code(&app);
    let (one, two) =
        tokio::join!(answer(&mut one, &due, "totp", &code), answer(&mut two, &due, "backup_code", &backup[0]));
    let statuses = BTreeSet::from([one.status.as_u16(), two.status.as_u16()]);
    assert_eq!(statuses, BTreeSet::from([200, 400]));
    assert_eq!(column(&app, "SELECT id::text FROM sessions").await.len(), before + 1);

    let late = challenge(&mut browser, "ada").await;
    app.clock.advance(301);
    let got = answer(&mut browser, &late, "totp", &totp.code(&app)).await;
    assert_eq!(refusal(&got), (400, "ceremony_expired".into()));
    let send = json!({"challenge": late, "method": "email"});
    assert_eq!(refusal(&browser.post(SEND, send).await), (400, "ceremony_expired".into()));
}

#[tokio::test]
async fn a_change_of_the_password_ends_a_half_done_sign_in() {
    let app = TestApp::new().await;
    let (mut browser, totp, _) = guarded(&app, "ada").await;
    let mut thief = app.browser();
    let stolen = challenge(&mut thief, "ada").await;
    let body = json!({"current_password": PASSWORD, "new_password": "seven-herons-carry-umbrellas"});
    let body = Some(("application/json", body.to_string().into_bytes()));
    assert_eq!(browser.send(axum::http::Method::PUT, "/api/auth/password", body).await.status, 204);
    let got = answer(&mut thief, &stolen, "totp", &totp.code(&app)).await;
    assert_eq!(refusal(&got), (409, "account_changed".into()));
}

#[tokio::test]
async fn each_backup_code_signs_in_once() {
    let app = TestApp::new().await;
    let (_, _, backup) = guarded(&app, "ada").await;
    assert_eq!(backup.len(), 10);
    let mut browser = app.browser();
    // As people type them.
    let forms = [backup[0].clone(), backup[1].to_uppercase(), backup[2].replace('-', ""), format!(" {} ", backup[3])];
    for form in &forms {
        let challenge = challenge(&mut browser, "ada").await;
        assert_eq!(answer(&mut browser, &challenge, "backup_code", form).await.status, 200, "{form}");
    }
    let again = challenge(&mut browser, "ada").await;
    for used in &backup[..4] {
        assert_eq!(answer(&mut browser, &again, "backup_code", used).await.code(), "code_invalid");
    }
    assert_eq!(answer(&mut browser, &again, "backup_code", &backup[4]).await.status, 200);
    let session = browser.get("/api/auth/me").await.json()["session"].clone();
    assert_eq!((&session["assurance"], &session["methods"]), (&json!("aal2"), &json!(["pwd", "otp"])));
    assert_eq!(browser.get("/api/auth/factors").await.json()["backup_codes_left"], 5);
}

#[tokio::test]
async fn of_parallel_uses_of_a_backup_code_one_wins() {
    let app = TestApp::new().await;
    let (_, _, backup) = guarded(&app, "ada").await;
    let mut waiting = Vec::new();
    for last in 1..=10 {
        let mut browser = app.browser();
        browser.address.set_ip([198, 51, 100, last].into());
        let challenge = challenge(&mut browser, "ada").await;
        waiting.push((browser, challenge));
    }
    let tries = waiting.iter_mut().map(|(browser, challenge)| answer(browser, challenge, "backup_code", &backup[0]));
    let statuses: Vec<_> = join_all(tries).await.iter().map(|got| got.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 400, 429].contains(status)), "{statuses:?}");
    assert_eq!(column(&app, "SELECT id::text FROM backup_codes WHERE used_at IS NOT NULL").await.len(), 1);
}

#[tokio::test]
async fn a_second_factor_refuses_a_malformed_body() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    for (path, body) in [
        (SEND, json!({})),
        (SEND, json!({"challenge": "x"})),
        (SEND, json!({"challenge": "x", "method": "pigeon"})),
        (SEND, json!({"challenge": "x", "method": "sms", "to": "+254700000009"})),
        ("/api/auth/second-factor", json!({"challenge": "x", "method": "totp"})),
        ("/api/auth/second-factor", json!({"challenge": "x", "method": "totp", "code": 123_456})),
        ("/api/auth/second-factor", json!({"challenge": "x", "method": "passkey", "code": "123456"})),
        ("/api/auth/second-factor", json!({"challenge": "x", "method": "totp", "code": "1", "user_id": "y"})),
    ] {
        assert_eq!(refusal(&browser.post(path, body.clone()).await), (422, "invalid_body".into()), "{body}");
    }
}
