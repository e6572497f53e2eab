//! `/api/auth/register`.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::TestApp;

use super::column;
use super::people::*;

const EMAIL: &str = "ada@example.org";

#[tokio::test]
async fn a_username_and_a_password_are_enough() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let body = signed_in(&mut browser, REGISTER, names("Ada"), 201).await;
    assert_eq!(body["user"]["username"], "Ada");
    assert_eq!(body["user"]["role"], "user");
    let me = browser.get("/api/auth/me").await.json();
    assert_eq!(me["user"]["id"], body["user"]["id"]);
    assert_eq!((&me["session"]["assurance"], &me["session"]["methods"]), (&json!("aal1"), &json!(["pwd"])));
    assert_eq!(browser.post("/api/storage/set", json!({"key": "k", "value": 1})).await.status, 200);
    assert!(app.outbox().is_empty());

    let mut phone = app.browser();
    let body = phone.post(REGISTER, with(names("grace"), "session", "token")).await.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert!(body["refresh_token"].is_string() && body["csrf_token"].is_null());
    assert!(!phone.cookies.contains_key("__Host-ward_session"));
}

#[tokio::test]
async fn a_password_that_will_not_do_is_refused_with_what_to_do() {
    let app = TestApp::new().await;
    for (password, code, detail) in [
        ("otters at dawn", "password_too_short", "at least 15 characters"),
        ("", "password_too_short", "at least 15 characters"),
        ("aaaaaaaaaaaaaaaaaaaa", "password_too_weak", "character many times over"),
        ("abcdefghijklmnopqrst", "password_too_weak", "in their order"),
        ("passwordpassword", "password_too_weak", "Avoid repetition"),
        ("evangeline lighthouse", "password_too_weak", "a name or an address of yours"),
        ("tide.mill@example.org", "password_too_weak", "a name or an address of yours"),
    ] {
        let body = json!({
            "username": "evangeline", "display_name": "Lighthouse", "email": "tide.mill@example.org",
            "password": password,
        });
        let answer = app.browser().post(REGISTER, body).await;
        refused(&answer, 400, code);
        let told = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(told.contains(detail), "{password}: {told}");
        assert!(password.is_empty() || !answer.text().contains(password));
    }
    let long = "x".repeat(1_025);
    refused(&app.browser().post(REGISTER, with(names("ada"), "password", long)).await, 400, "password_too_long");
    assert_eq!(column(&app, "SELECT count(*)::text FROM users").await, ["0"]);
    assert!(app.outbox().is_empty());
}

#[tokio::test]
async fn registration_refuses_a_malformed_body() {
    let app = TestApp::new().await;
    for (body, status, code) in [
        (with(names("ada"), "username", ""), 400, "invalid_username"),
        (with(names("ada"), "display_name", "\u{7}"), 400, "invalid_display_name"),
        (with(names("ada"), "email", "ada@"), 400, "invalid_email"),
        (with(names("ada"), "phone", "0700 000000"), 400, "invalid_phone"),
        (with(names("ada"), "session", "jar"), 422, "invalid_body"),
        (with(names("ada"), "role", "admin"), 422, "invalid_body"),
        (with(names("ada"), "password", Value::Null), 422, "invalid_body"),
    ] {
        refused(&app.browser().post(REGISTER, body).await, status, code);
    }
    for (body, status, code) in [
        (json!({"challenge": "x", "code": "123456"}), 400, "ceremony_expired"),
        (json!({"challenge": "\u{0}", "code": "123456"}), 400, "ceremony_expired"),
        (json!({"challenge": "x"}), 422, "invalid_body"),
        (json!({"challenge": "x", "code": 123_456}), 422, "invalid_body"),
        (json!({"challenge": "x", "code": "123456", "user_id": "x"}), 422, "invalid_body"),
    ] {
        refused(&app.browser().post(VERIFY, body).await, status, code);
    }
}

#[tokio::test]
async fn an_email_address_is_proved_by_a_code() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let challenge = begin(&mut browser, with(names("ada"), "email", EMAIL)).await;
    assert!(!browser.cookies.contains_key("__Host-ward_session"));
    assert_eq!(column(&app, "SELECT count(*)::text FROM users").await, ["0"], "nobody yet");
    let message = app.outbox()[0].clone();
    assert_eq!((message.channel.as_str(), message.to.as_str(), message.template.as_str()), ("email", EMAIL, "code"));
    let answer = json!({"challenge": challenge, "code": code(&app)});
    signed_in(&mut browser, VERIFY, answer.clone(), 201).await;
    assert_eq!(browser.get("/api/auth/me").await.json()["user"]["username"], "ada");
    let contacts = "SELECT kind FROM user_contacts WHERE verified_at IS NOT NULL";
    assert_eq!(column(&app, contacts).await, ["email"]);
    refused(&app.browser().post(VERIFY, answer).await, 400, "ceremony_expired");
    let by_email = json!({"email": EMAIL, "password": PASSWORD});
    assert_eq!(app.browser().post(LOGIN, by_email).await.status, 200);
}

#[tokio::test]
async fn a_phone_number_is_proved_by_a_code_and_a_second_address_waits() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let body = with(with(names("ada"), "phone", "+254700000001"), "session", "token");
    let challenge = begin(&mut browser, body).await;
    assert_eq!((app.outbox()[0].channel.clone(), app.outbox().len()), ("sms".to_owned(), 1));
    let answer = json!({"challenge": challenge, "code": code(&app), "session": "token"});
    let body = browser.post(VERIFY, answer).await.json();
    assert!(body["access_token"].is_string() && body["csrf_token"].is_null(), "{body}");
    let by_phone = json!({"phone": "+254700000001", "password": PASSWORD});
    assert_eq!(app.browser().post(LOGIN, by_phone).await.status, 200);

    let body = with(with(names("grace"), "email", "grace@example.org"), "phone", "+254700000002");
    let challenge = begin(&mut browser, body).await;
    assert_eq!(app.outbox()[0].channel, "email", "the first is proved");
    signed_in(&mut browser, VERIFY, json!({"challenge": challenge, "code": code(&app)}), 201).await;
    let unproved = json!({"phone": "+254700000002", "password": PASSWORD});
    refused(&app.browser().post(LOGIN, unproved).await, 401, "credentials_invalid");
}

#[tokio::test]
async fn a_known_address_hears_of_it_and_no_code_works() {
    let app = TestApp::new().await;
    user_at(&app, "ada", "email", EMAIL).await;
    app.clock.advance(1);
    let known = app.browser().post(REGISTER, with(names("eve"), "email", "Ada@Example.org")).await;
    let message = app.outbox()[0].clone();
    assert_eq!((message.template.as_str(), &message.code), ("registration_known", &None));
    assert!(message.text.contains("has it already"), "{}", message.text);
    let unknown = app.browser().post(REGISTER, with(names("eve"), "email", "eve@example.org")).await;
    assert_eq!((known.status.as_u16(), unknown.status.as_u16()), (202, 202));
    let (known, unknown) = (known.json(), unknown.json());
    assert_eq!(shape(&known), shape(&unknown));
    // The code that went elsewhere is none of this registration's.
    let answer = json!({"challenge": known["verification"]["challenge"], "code": code(&app)});
    refused(&app.browser().post(VERIFY, answer).await, 400, "code_invalid");
}

/// A body without the random part.
fn shape(body: &Value) -> Value {
    let challenge = body["verification"]["challenge"].as_str().unwrap();
    with(body.clone(), "verification", json!([challenge.len(), body["verification"]["expires_at"]]))
}

#[tokio::test]
async fn of_two_who_prove_one_address_the_second_hears_that_it_is_taken() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let first = begin(&mut browser, with(names("ada"), "email", EMAIL)).await;
    let first_code = code(&app);
    app.clock.advance(1);
    let second = begin(&mut browser, with(names("grace"), "email", EMAIL)).await;
    let second_code = code(&app);
    let answer = json!({"challenge": first, "code": first_code});
    assert_eq!(app.browser().post(VERIFY, answer).await.status, 201);
    refused(&app.browser().post(VERIFY, json!({"challenge": second, "code": second_code})).await, 409, "address_taken");
    assert_eq!(column(&app, "SELECT count(*)::text FROM users").await, ["1"]);
}

#[tokio::test]
async fn who_may_register_is_a_setting() {
    let app = TestApp::with(&[("WARD_REGISTRATION", "address")]).await;
    refused(&app.browser().post(REGISTER, names("ada")).await, 403, "address_required");
    assert_eq!(app.browser().get("/api/auth/methods").await.json()["registration"], "address");
    user_at(&app, "ada", "email", EMAIL).await;

    let app = TestApp::with(&[("WARD_REGISTRATION", "closed")]).await;
    refused(&app.browser().post(REGISTER, names("ada")).await, 403, "registration_closed");
    let body = with(names("ada"), "email", EMAIL);
    refused(&app.browser().post(REGISTER, body).await, 403, "registration_closed");
    assert!(app.outbox().is_empty());
}

#[tokio::test]
async fn methods_tell_what_a_page_can_offer() {
    let app = TestApp::new().await;
    let methods = app.browser().get("/api/auth/methods").await;
    assert_eq!(
        methods.json(),
        json!({"github": false, "registration": "open", "password_min": 15, "tokens": true, "email": true, "sms": true})
    );
}

#[tokio::test]
async fn five_wrong_codes_are_the_end_of_a_registration() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let challenge = begin(&mut browser, with(names("ada"), "email", EMAIL)).await;
    let right = code(&app);
    for _ in 0..5 {
        let wrong = json!({"challenge": challenge, "code": another(&right)});
        refused(&browser.post(VERIFY, wrong).await, 400, "code_invalid");
    }
    let answer = json!({"challenge": challenge, "code": right});
    refused(&browser.post(VERIFY, answer.clone()).await, 429, "sign_in_throttled");
    refused(&stranger(&app, 1).post(VERIFY, answer).await, 400, "code_invalid");
    let noted = "SELECT result FROM login_attempts WHERE method = 'address_code' ORDER BY result";
    assert_eq!(column(&app, noted).await, [["throttled"; 1].as_slice(), ["wrong_code"; 6].as_slice()].concat());

    // More challenges for the address give no more guesses at its codes.
    let mut tries = 0;
    for number in 2..6 {
        let mut elsewhere = stranger(&app, number);
        let challenge = begin(&mut elsewhere, with(names("ada"), "email", EMAIL)).await;
        let wrong = json!({"challenge": challenge, "code": "12345x"});
        for _ in 0..3 {
            tries += usize::from(elsewhere.post(VERIFY, wrong.clone()).await.status == 400);
        }
    }
    assert_eq!(tries, 10 - 6, "ten in a quarter of an hour");
    app.clock.advance(900);
    user_at(&app, "ada", "email", EMAIL).await;
}

#[tokio::test]
async fn a_code_is_its_challenges_own_and_holds_for_five_minutes() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let first = begin(&mut browser, with(names("ada"), "email", EMAIL)).await;
    let first_code = code(&app);
    app.clock.advance(1);
    let second = begin(&mut browser, with(names("grace"), "email", "grace@example.org")).await;
    let second_code = code(&app);
    assert_ne!(first_code, second_code);
    let crossed = json!({"challenge": second, "code": first_code});
    refused(&browser.post(VERIFY, crossed).await, 400, "code_invalid");
    app.clock.advance(298);
    signed_in(&mut browser, VERIFY, json!({"challenge": first, "code": first_code}), 201).await;
    app.clock.advance(2);
    let late = json!({"challenge": second, "code": second_code});
    refused(&app.browser().post(VERIFY, late).await, 400, "ceremony_expired");
}

#[tokio::test]
async fn of_parallel_verifications_one_registers() {
    let app = TestApp::with(&[("WARD_LIMIT_SIGN_IN", "20")]).await;
    let challenge = begin(&mut app.browser(), with(names("ada"), "email", EMAIL)).await;
    let answer = json!({"challenge": challenge, "code": code(&app)});
    let mut browsers: Vec<_> = (0..10).map(|_| app.browser()).collect();
    let answers = join_all(browsers.iter_mut().map(|browser| browser.post(VERIFY, answer.clone()))).await;
    let registered = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(registered, 1);
    assert!(answers.iter().all(|answer| [201, 400].contains(&answer.status.as_u16())));
    assert_eq!(column(&app, "SELECT count(*)::text FROM users").await, ["1"]);
    assert_eq!(column(&app, "SELECT count(*)::text FROM sessions").await, ["1"]);
}

#[tokio::test]
async fn nobodys_mailbox_is_filled() {
    let app = TestApp::new().await;
    for number in 0..12 {
        let answer = stranger(&app, number).post(REGISTER, with(names("eve"), "email", EMAIL)).await;
        assert_eq!(answer.status, if number < 10 { 202 } else { 429 });
    }
    assert_eq!(app.outbox().len(), 10);
}

#[tokio::test]
async fn registrations_have_so_many_sms_sent_together() {
    let app = TestApp::with(&[("WARD_UNPROVED_SMS", "2")]).await;
    let known = user_at(&app, "ada", "phone", "+254700000001").await;
    drop(known);
    let register = async |at: u8, kind: &str, address: &str| {
        let body = with(names(&format!("user{at}")), kind, address);
        let answer = stranger(&app, at).post(REGISTER, body).await;
        (answer.status.as_u16(), answer.headers.get("retry-after").is_some())
    };
    assert_eq!(register(1, "phone", "+254700000002").await, (202, false));
    assert_eq!(register(2, "phone", "+254700000003").await, (429, true), "another address and another number");
    assert_eq!(register(3, "phone", "+254700000001").await, (429, true), "known or not");
    assert_eq!(register(4, "email", "grace@example.org").await, (202, false));
    app.clock.advance(15 * 60);
    assert_eq!(register(5, "phone", "+254700000003").await, (202, false));
}
