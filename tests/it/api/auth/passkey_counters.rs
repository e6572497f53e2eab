//! What a passkey's use changes of it: the counter and the backup flags.

use serde_json::{Value, json};
use tests::{Browser, TestApp};

use super::{column, until_waiting};

/// The counter and the flags, as the columns and as what the signature is checked with have them.
const STORED: &str =
    "SELECT concat_ws(' ', sign_count, backup_eligible, backup_state, '=', public_key #>> '{cred,counter}',
    public_key #>> '{cred,backup_eligible}', public_key #>> '{cred,backup_state}') FROM passkey_credentials";

async fn registered_with(app: &TestApp, counter: u32) -> Browser {
    let mut browser = app.browser();
    browser.authenticator.counter = counter;
    browser.register("ada").await;
    browser.lose_session();
    browser
}

#[tokio::test]
async fn a_counter_rises_and_never_falls() {
    let app = TestApp::new().await;
    let mut browser = registered_with(&app, 7).await;
    assert_eq!(column(&app, STORED).await, ["7 f f = 7 false false"]);
    browser.authenticator.counter = 9;
    assert_eq!(browser.sign_in().await.status, 200);
    browser.lose_session();
    // A copy of the key has been used, or this one is the copy.
    for counter in [9, 8, 1, 0] {
        browser.authenticator.counter = counter;
        let answer = browser.sign_in().await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "passkey_rejected"), "{counter}");
        assert!(!browser.cookies.contains_key("__Host-ward_session"));
        assert_eq!(column(&app, STORED).await, ["9 f f = 9 false false"]);
    }
    let events = "SELECT severity FROM security_events
        WHERE event_type = 'passkey_counter_regressed' AND details ? 'passkey_id' AND user_id = (SELECT id FROM users)";
    assert_eq!(column(&app, events).await, ["high"; 4]);
    let attempts = "SELECT result FROM login_attempts WHERE result <> 'success'";
    assert_eq!(column(&app, attempts).await, ["counter_regressed"; 4]);
    browser.authenticator.counter = 10;
    assert_eq!(browser.sign_in().await.status, 200);
    assert_eq!(column(&app, STORED).await, ["10 f f = 10 false false"]);
}

#[tokio::test]
async fn a_forged_signature_raises_no_alarm_about_the_counter() {
    let app = TestApp::new().await;
    let mut browser = registered_with(&app, 7).await;
    browser.authenticator.signs_right = false;
    browser.authenticator.counter = 3;
    assert_eq!(browser.sign_in().await.code(), "passkey_rejected");
    let events = column(&app, "SELECT event_type FROM security_events").await;
    assert_eq!(events, ["login_failed"]);
}

#[tokio::test]
async fn a_counter_that_is_always_zero_counts_nothing() {
    let app = TestApp::new().await;
    let mut browser = registered_with(&app, 0).await;
    for _ in 0..3 {
        assert_eq!(browser.sign_in().await.status, 200);
    }
    assert_eq!(column(&app, STORED).await, ["0 f f = 0 false false"]);
}

#[tokio::test]
async fn of_two_parallel_uses_with_one_count_one_succeeds() {
    let app = TestApp::new().await;
    let mut browser = registered_with(&app, 1).await;
    browser.authenticator.counter = 2;
    let mut twin = browser.clone();
    let (one, other) = tokio::join!(browser.sign_in(), twin.sign_in());
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
    let events = "SELECT severity FROM security_events WHERE event_type = 'passkey_counter_regressed'";
    assert_eq!(column(&app, events).await, ["high"]);
    assert_eq!(column(&app, STORED).await, ["2 f f = 2 false false"]);
}

#[tokio::test]
async fn a_use_that_is_overtaken_is_refused() {
    let app = TestApp::new().await;
    let mut browser = registered_with(&app, 1).await;
    browser.authenticator.counter = 2;
    // Another use holds the row, with a higher count, and commits while this one waits for it.
    let other = app.superuser().await;
    other.batch_execute("BEGIN; UPDATE passkey_credentials SET sign_count = 5").await.unwrap();
    let release = async {
        until_waiting(&app, 1).await;
        other.batch_execute("COMMIT").await.unwrap();
    };
    let (answer, ()) = tokio::join!(browser.sign_in(), release);
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "passkey_rejected"));
    assert_eq!(column(&app, "SELECT sign_count::text FROM passkey_credentials").await, ["5"]);
    let events = "SELECT severity FROM security_events WHERE event_type = 'passkey_counter_regressed'";
    assert_eq!(column(&app, events).await, ["high"]);
    assert_eq!(column(&app, "SELECT action FROM audit_log WHERE action = 'auth.sign_in'").await.len(), 0);
}

#[tokio::test]
async fn backup_flags_are_stored_and_followed() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    browser.authenticator.backup_eligible = true;
    browser.register("ada").await;
    assert_eq!(column(&app, STORED).await, ["0 t f = 0 true false"]);
    for backed_up in [true, false, true] {
        browser.authenticator.backup_state = backed_up;
        assert_eq!(browser.sign_in().await.status, 200);
        let letter = if backed_up { 't' } else { 'f' };
        assert_eq!(column(&app, STORED).await, [format!("0 t {letter} = 0 true {backed_up}")]);
    }
    let passkey = browser.get("/api/auth/passkeys").await.json()["passkeys"][0].clone();
    assert_eq!((&passkey["backup_eligible"], &passkey["backup_state"]), (&json!(true), &json!(true)));

    // Whether it can be backed up is settled when it is made (WebAuthn Level 3, section 6.1.3).
    browser.authenticator.backup_eligible = false;
    browser.authenticator.backup_state = false;
    browser.lose_session();
    assert_eq!(browser.sign_in().await.code(), "passkey_rejected");
    assert_eq!(column(&app, STORED).await, ["0 t t = 0 true true"]);
    // Neither at a step-up.
    browser.authenticator.backup_eligible = true;
    assert_eq!(browser.sign_in().await.status, 200);
    browser.authenticator.backup_eligible = false;
    assert_eq!(browser.step_up().await.code(), "passkey_rejected");
}

#[tokio::test]
async fn what_can_not_be_backed_up_is_not() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    browser.authenticator.backup_state = true;
    assert_eq!(browser.try_register("ada").await.code(), "passkey_rejected");
    assert!(column(&app, STORED).await.is_empty());
    assert_eq!(browser.post("/api/auth/passkeys/options", Value::Null).await.status, 401);
}
