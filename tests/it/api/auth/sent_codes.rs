//! `/api/auth/second-factor/send`: codes by email and SMS.

use futures_util::future::join_all;
use serde_json::json;
use tests::TestApp;

use super::column;
use super::enrolled::{add_address, answer, challenge, code_sent_to, enrol_codes, guarded};
use super::people::{another, refusal, user};

const SEND: &str = "/api/auth/second-factor/send";

#[tokio::test]
async fn a_code_by_sms_reaches_level_2_and_one_by_email_does_not() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    add_address(&app, &mut browser, "email", "ada@example.org").await;
    add_address(&app, &mut browser, "phone", "+254700000001").await;
    assert_eq!(enrol_codes(&mut browser, "email").await.status, 200);
    assert_eq!(enrol_codes(&mut browser, "sms").await.status, 200);
    for (method, address, masked, assurance) in
        [("email", "ada@example.org", "a***@e***.org", "aal1"), ("sms", "+254700000001", "+2***01", "aal2")]
    {
        let challenge = challenge(&mut browser, "ada").await;
        let sent = browser.post(SEND, json!({"challenge": challenge, "method": method})).await;
        assert_eq!(sent.status, 202, "{}", sent.text());
        assert_eq!(sent.json(), json!({"sent_to": masked, "expires_at": "2026-03-14T15:14:26Z"}));
        let code = code_sent_to(&app, address);
        assert!(code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit()));
        assert_eq!(answer(&mut browser, &challenge, method, &another(&code)).await.code(), "code_invalid");
        assert_eq!(answer(&mut browser, &challenge, method, &code).await.status, 200);
        let session = browser.get("/api/auth/me").await.json()["session"].clone();
        assert_eq!((&session["assurance"], &session["methods"]), (&json!(assurance), &json!(["pwd", method])));
    }
    let stored = column(&app, "SELECT code_mac::text FROM one_time_codes WHERE used_at IS NOT NULL").await;
    assert!(!stored.is_empty());
}

#[tokio::test]
async fn a_sent_code_is_its_own_sign_ins_for_five_minutes() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    add_address(&app, &mut browser, "email", "ada@example.org").await;
    assert_eq!(enrol_codes(&mut browser, "email").await.status, 200);
    let first = challenge(&mut browser, "ada").await;
    assert_eq!(browser.post(SEND, json!({"challenge": first, "method": "email"})).await.status, 202);
    let code = code_sent_to(&app, "ada@example.org");
    let second = challenge(&mut browser, "ada").await;
    assert_eq!(answer(&mut browser, &second, "email", &code).await.code(), "code_invalid");
    // A second message makes the first code void.
    assert_eq!(browser.post(SEND, json!({"challenge": first, "method": "email"})).await.status, 202);
    let newer = code_sent_to(&app, "ada@example.org");
    if newer != code {
        assert_eq!(answer(&mut browser, &first, "email", &code).await.code(), "code_invalid");
    }
    app.clock.advance(299);
    assert_eq!(answer(&mut browser, &first, "email", &newer).await.status, 200);
    let third = challenge(&mut browser, "ada").await;
    assert_eq!(browser.post(SEND, json!({"challenge": third, "method": "email"})).await.status, 202);
    let late = code_sent_to(&app, "ada@example.org");
    app.clock.advance(300);
    assert_eq!(answer(&mut browser, &third, "email", &late).await.code(), "ceremony_expired");
}

#[tokio::test]
async fn a_sent_code_bears_five_tries_however_they_come() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    add_address(&app, &mut browser, "phone", "+254700000001").await;
    assert_eq!(enrol_codes(&mut browser, "sms").await.status, 200);
    let challenge = challenge(&mut browser, "ada").await;
    assert_eq!(browser.post(SEND, json!({"challenge": challenge, "method": "sms"})).await.status, 202);
    let code = code_sent_to(&app, "+254700000001");
    // From 20 addresses, so that no throttle of an address comes before.
    let mut guessers: Vec<_> = (1..=20_u8)
        .map(|last| {
            let mut guesser = app.browser();
            guesser.address.set_ip([198, 51, 100, last].into());
            (guesser, format!("{:06}", (code.parse::<u32>().unwrap() + u32::from(last)) % 1_000_000))
        })
        .collect();
    let tries = guessers.iter_mut().map(|(guesser, wrong)| answer(guesser, &challenge, "sms", wrong));
    for got in join_all(tries).await {
        assert!(got.status == 400 || got.status == 429, "{}", got.text());
    }
    assert_eq!(column(&app, "SELECT attempts::text FROM one_time_codes WHERE purpose LIKE 'sms%'").await, ["5"]);
    // After the wait that so many failures bring, the right one is refused for the code's own count.
    app.clock.advance(61);
    assert_eq!(refusal(&answer(&mut browser, &challenge, "sms", &code).await), (400, "code_invalid".into()));
    assert_eq!(browser.post(SEND, json!({"challenge": challenge, "method": "sms"})).await.status, 202);
    let newer = code_sent_to(&app, "+254700000001");
    assert_eq!(answer(&mut browser, &challenge, "sms", &newer).await.status, 200);
}

#[tokio::test]
async fn nobodys_phone_rings_all_night() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    add_address(&app, &mut browser, "phone", "+254700000001").await;
    assert_eq!(enrol_codes(&mut browser, "sms").await.status, 200);
    app.clock.advance(901);
    let mut stranger = app.browser();
    let challenge = challenge(&mut stranger, "ada").await;
    for _ in 0..5 {
        assert_eq!(stranger.post(SEND, json!({"challenge": challenge, "method": "sms"})).await.status, 202);
    }
    let got = stranger.post(SEND, json!({"challenge": challenge, "method": "sms"})).await;
    assert_eq!(refusal(&got), (429, "sign_in_throttled".into()));
}

#[tokio::test]
async fn no_code_goes_where_none_is_enrolled() {
    let app = TestApp::new().await;
    let (mut browser, _, _) = guarded(&app, "ada").await;
    let challenge = challenge(&mut browser, "ada").await;
    for method in ["email", "sms", "totp", "backup_code"] {
        let got = browser.post(SEND, json!({"challenge": challenge, "method": method})).await;
        assert_eq!(refusal(&got), (400, "factor_unknown".into()), "{method}");
    }
    assert!(app.outbox().iter().all(|sent| sent.code.is_none()));
}
