//! What somebody can't get out of having many devices, or a known one.

use serde_json::{Value, json};
use tests::{Browser, TestApp};

use super::column;
use super::enrolled::{
    add_address, answer, challenge, code_sent_to, enrol_codes, enrol_totp, guarded, log_in, post, step_up,
};
use super::people::{LOGIN, PASSWORD, WRONG, change, login, refusal, stranger, user};

const DEVICE: &str = "__Host-ward_device";

/// Signs in with the password on so many devices that the account does not know, at one address.
async fn devices(app: &TestApp, username: &str, how_many: u8) -> Vec<Browser> {
    let mut all = Vec::new();
    for _ in 0..how_many {
        let mut device = stranger(app, 1);
        assert_eq!(login(&mut device, username, PASSWORD).await.status, 200);
        device.lose_session();
        all.push(device);
    }
    all
}

#[tokio::test]
async fn twenty_devices_are_known_and_those_that_are_trusted_stay() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    app.superuser()
        .await
        .batch_execute("UPDATE user_devices SET trusted_until = '2027-01-01T00:00:00Z'")
        .await
        .unwrap();
    app.clock.advance(1);
    devices(&app, "ada", 25).await;
    let listed = browser.get("/api/auth/devices").await.json()["devices"].as_array().unwrap().len();
    assert_eq!(listed, 20);
    let trusted = "SELECT count(*)::text FROM user_devices WHERE trusted_until IS NOT NULL";
    assert_eq!(column(&app, trusted).await, ["1"]);
}

#[tokio::test]
async fn devices_from_before_a_second_factor_guess_no_more_than_strangers() {
    let app = TestApp::new().await;
    let mut ada = user(&app, "ada").await;
    let thiefs = devices(&app, "ada", 4).await;
    let totp = enrol_totp(&app, &mut ada).await.0;
    let mut checked = 0;
    for mut device in thiefs {
        let due = challenge(&mut device, "ada").await;
        for _ in 0..5 {
            checked += u8::from(answer(&mut device, &due, "totp", &totp.wrong(&app)).await.status == 400);
        }
    }
    assert_eq!(checked, 5, "all of them are one address");
    let due = challenge(&mut ada, "ada").await;
    assert_eq!(answer(&mut ada, &due, "totp", &totp.code(&app)).await.status, 200, "the device it was enrolled on");
}

#[tokio::test]
async fn a_change_of_the_password_forgets_which_devices_are_known() {
    let app = TestApp::new().await;
    let mut ada = user(&app, "ada").await;
    let mut thief = devices(&app, "ada", 1).await.remove(0);
    assert_eq!(change(&mut ada, Some(PASSWORD), "nine brave herons over marshland").await.status, 204);
    // Somebody else at that address has used up what the address has for the name.
    for _ in 0..5 {
        assert_eq!(login(&mut stranger(&app, 1), "ada", WRONG).await.status, 401);
    }
    assert_eq!(login(&mut thief, "ada", WRONG).await.status, 429);
}

#[tokio::test]
async fn an_authenticator_bears_a_hundred_failures_in_a_row_over_all_devices() {
    let app = TestApp::new().await;
    let (mut known, totp, _) = guarded(&app, "ada").await;
    let due = challenge(&mut known, "ada").await;
    assert_eq!(answer(&mut known, &due, "totp", &totp.wrong(&app)).await.status, 400);
    app.superuser().await.batch_execute("UPDATE sign_in_failures SET failures = failures + 99").await.unwrap();
    let wait = answer(&mut known, &due, "totp", &totp.code(&app)).await;
    assert_eq!((wait.status.as_u16(), wait.headers["retry-after"].to_str().unwrap()), (429, "86400"));
}

#[tokio::test]
async fn a_user_has_so_many_sms_a_day_and_strangers_leave_some() {
    let app = TestApp::with(&[("WARD_LIMIT_SIGN_IN", "100")]).await;
    let mut ada = user(&app, "ada").await;
    add_address(&app, &mut ada, "phone", "+254700000001").await;
    enrol_codes(&mut ada, "sms").await;
    let send = async |browser: &mut Browser| {
        let due = challenge(browser, "ada").await;
        post(browser, "/api/auth/second-factor/send", json!({"challenge": due, "method": "sms"})).await
    };
    let in_log = async || column(&app, "SELECT count(*)::text FROM sms_delivery_log").await.remove(0);
    assert_eq!(in_log().await, "1", "the code that proved the number");
    for _ in 1..20 {
        assert_eq!(send(&mut stranger(&app, 1)).await.status, 202);
    }
    assert_eq!(refusal(&send(&mut stranger(&app, 2)).await), (429, "sms_throttled".into()));
    for _ in 20..30 {
        assert_eq!(send(&mut ada).await.status, 202);
    }
    let last = send(&mut ada).await;
    assert_eq!(refusal(&last), (429, "sms_throttled".into()));
    assert_eq!(last.headers["retry-after"], "86400");
    assert_eq!(in_log().await, "30");
    app.clock.advance(86_400);
    assert_eq!(send(&mut ada).await.status, 202);
}

#[tokio::test]
async fn numbers_nobody_has_proved_share_a_budget_however_they_are_asked_for() {
    let app = TestApp::with(&[("WARD_UNPROVED_SMS", "1")]).await;
    let (mut ada, mut grace) = (user(&app, "ada").await, user(&app, "grace").await);
    let contacts = "/api/auth/contacts";
    let added = ada.post(contacts, json!({"kind": "phone", "address": "+254700000001"})).await;
    assert_eq!(added.status, 201);
    let again = format!("{contacts}/{}/send", added.json()["id"].as_str().unwrap());
    assert_eq!(refusal(&ada.post(&again, Value::Null).await), (429, "sms_throttled".into()));
    let other = grace.post(contacts, json!({"kind": "phone", "address": "+254700000002"})).await;
    assert_eq!(refusal(&other), (429, "sms_throttled".into()));
    assert_eq!(grace.post(contacts, json!({"kind": "email", "address": "g@example.org"})).await.status, 201);
}

#[tokio::test]
async fn trust_rests_on_no_secret_that_was_there_before() {
    let app = TestApp::new().await;
    let (mut ada, totp, _) = guarded(&app, "ada").await;
    // Whoever has used this browser before has planted the cookie.
    let planted = "A".repeat(43);
    ada.cookies.insert(DEVICE.into(), planted.clone());
    let due = challenge(&mut ada, "ada").await;
    let body = json!({"challenge": due, "method": "totp", "code": totp.code(&app), "trust_device": true});
    assert_eq!(post(&mut ada, "/api/auth/second-factor", body).await.status, 200);
    assert_ne!(ada.cookies[DEVICE], planted);
    assert_eq!(log_in(&mut ada, "ada").await.status, 200, "spared the second factor");
    let mut thief = stranger(&app, 1);
    thief.cookies.insert(DEVICE.into(), planted);
    assert_eq!(log_in(&mut thief, "ada").await.status, 202);
}

#[tokio::test]
async fn five_new_devices_an_hour_are_told() {
    let app = TestApp::new().await;
    let mut ada = user(&app, "ada").await;
    add_address(&app, &mut ada, "email", "ada@example.org").await;
    app.clock.advance(3_601);
    let told = || app.outbox().iter().filter(|sent| sent.template == "new_device").count();
    devices(&app, "ada", 7).await;
    assert_eq!(told(), 5);
    assert_eq!(column(&app, "SELECT id::text FROM security_events WHERE event_type = 'new_device'").await.len(), 7);
    app.clock.advance(3_601);
    devices(&app, "ada", 1).await;
    assert_eq!(told(), 6);
}

#[tokio::test]
async fn codes_of_one_address_are_guessed_at_together() {
    let app = TestApp::new().await;
    let mut checked = 0;
    for name in ["ada", "grace"] {
        let mut browser = user(&app, name).await;
        let body = json!({"kind": "email", "address": "victim@example.org"});
        let id = browser.post("/api/auth/contacts", body).await.json()["id"].as_str().unwrap().to_owned();
        let right: u32 = code_sent_to(&app, "victim@example.org").parse().unwrap();
        for off in 1..=4 {
            let code = format!("{:06}", (right + off) % 1_000_000);
            let answer = browser.post(&format!("/api/auth/contacts/{id}/verify"), json!({"code": code})).await;
            checked += u8::from(answer.code() == "code_invalid");
        }
    }
    assert_eq!(checked, 5);
    let events = "SELECT id::text FROM security_events WHERE event_type = 'login_failed'";
    assert_eq!(column(&app, events).await.len(), 5);
}

#[tokio::test]
async fn a_closed_passkey_is_opened_by_another_way() {
    let app = TestApp::new().await;
    let mut ada = user(&app, "ada").await;
    assert_eq!(ada.add_passkey("key").await.status, 201);
    // A wrong assertion is counted under the passkey's own name.
    let mut wrong = stranger(&app, 2);
    wrong.authenticator = ada.authenticator.clone();
    wrong.authenticator.signs_right = false;
    assert_eq!(wrong.sign_in().await.status, 401);
    app.superuser().await.batch_execute("UPDATE sign_in_failures SET failures = 100").await.unwrap();
    assert_eq!(elsewhere_again(&app, &ada).await, 429);
    let body = json!({"username": "ada", "password": PASSWORD});
    ada.lose_session();
    assert_eq!(post(&mut ada, LOGIN, body).await.status, 200);
    assert_eq!(step_up(&mut ada, "password", PASSWORD).await.code(), "factor_too_weak");
    assert_eq!(elsewhere_again(&app, &ada).await, 200);
}

/// Signs in with a user's passkey where nobody has before.
async fn elsewhere_again(app: &TestApp, of: &Browser) -> u16 {
    let mut browser = stranger(app, 3);
    browser.authenticator = of.authenticator.clone();
    browser.sign_in().await.status.as_u16()
}
