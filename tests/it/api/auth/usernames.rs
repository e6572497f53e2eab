//! Who registers hears whether a username is taken, and is bounded in asking.

use serde_json::json;
use tests::TestApp;

use super::column;
use super::people::*;

#[tokio::test]
async fn a_taken_username_is_refused() {
    let app = TestApp::new().await;
    user(&app, "Ada").await;
    for name in ["Ada", "aDA", " ada "] {
        refused(&app.browser().post(REGISTER, names(name)).await, 409, "username_taken");
    }
    assert_eq!(column(&app, "SELECT count(*)::text FROM users").await, ["1"]);
    assert_eq!(column(&app, "SELECT count(*)::text FROM data_keys").await, ["2"], "the system's and one user's");
    let results = "SELECT method || ' ' || result FROM login_attempts ORDER BY result";
    assert_eq!(
        column(&app, results).await,
        ["registration refused"; 3].into_iter().chain(["registration success"]).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_taken_username_comes_out_only_with_an_address_proved() {
    let app = TestApp::new().await;
    user(&app, "ada").await;
    let mut browser = app.browser();
    let challenge = begin(&mut browser, with(names("Ada"), "email", "eve@example.org")).await;
    let answer = json!({"challenge": challenge, "code": code(&app)});
    refused(&browser.post(VERIFY, answer.clone()).await, 409, "username_taken");
    refused(&browser.post(VERIFY, answer).await, 400, "code_invalid");
    assert!(column(&app, "SELECT id::text FROM user_contacts").await.is_empty());
}

#[tokio::test]
async fn asking_which_usernames_are_taken_is_bounded_with_addresses_too() {
    let app = TestApp::new().await;
    user(&app, "ada").await;
    let mut heard = Vec::new();
    // A mailbox for each, as a domain of one's own has.
    for number in 0..12 {
        heard.push(asks_with_an_address(&app, number / 6, "ada", &format!("eve{number}@example.org")).await);
    }
    let expected = [[409; 5].as_slice(), &[429], &[409; 5], &[429]].concat();
    assert_eq!(heard, expected, "five times from one address");
    assert_eq!(asks_with_an_address(&app, 9, "ada", "eve12@example.org").await, 429, "ten times from all");
    let events = "SELECT count(*)::text FROM security_events WHERE event_type = 'login_failed'";
    assert_eq!(column(&app, events).await, ["10"]);
    assert_eq!(asks_with_an_address(&app, 9, "eve", "eve12@example.org").await, 201, "a mailbox can be proved again");
    assert_eq!(asks_with_an_address(&app, 0, "grace", "grace@example.org").await, 201);
    app.clock.advance(900);
    assert_eq!(asks_with_an_address(&app, 0, "ada", "mallory@example.org").await, 409);
}

/// What a stranger hears who registers by a name and proves an email address.
async fn asks_with_an_address(app: &TestApp, from: u8, name: &str, email: &str) -> u16 {
    let mut browser = stranger(app, from);
    let challenge = begin(&mut browser, with(names(name), "email", email)).await;
    browser.post(VERIFY, json!({"challenge": challenge, "code": code(app)})).await.status.as_u16()
}

#[tokio::test]
async fn asking_which_usernames_are_taken_is_bounded_and_leaves_no_key() {
    let app = TestApp::with(&[("WARD_LIMIT_ANONYMOUS", "1000")]).await;
    app.signed_in("ada").await;
    let keys = column(&app, "SELECT count(*)::text FROM data_keys").await;
    // One name: five times from one address, ten times from all.
    for (from, answers) in [(1, [409, 409, 409, 409, 409, 429]), (2, [409, 409, 409, 409, 409, 429]), (3, [429; 6])] {
        for expected in answers {
            assert_eq!(asks_with_a_passkey(&app, from, "ada").await, expected, "from {from}");
        }
    }
    assert_eq!(column(&app, "SELECT count(*)::text FROM data_keys").await, keys);
    assert_eq!(column(&app, "SELECT count(*)::text FROM login_attempts WHERE result = 'refused'").await, ["10"]);
    // Whoever asks for what is free does not ask.
    for number in 0..12 {
        assert_eq!(asks_with_a_passkey(&app, 1, &format!("grace {number}")).await, 201);
    }
    // Many names: fifty times from one address, with a password or a passkey.
    for number in 0..45 {
        let name = format!("grace {}", number % 12);
        if number % 10 == 0 {
            refused(&stranger(&app, 1).post(REGISTER, names(&name)).await, 409, "username_taken");
        } else {
            assert_eq!(asks_with_a_passkey(&app, 1, &name).await, 409, "{number}");
        }
    }
    assert_eq!(asks_with_a_passkey(&app, 1, "grace 0").await, 429);
    assert_eq!(asks_with_a_passkey(&app, 4, "grace 0").await, 409);
    app.clock.advance(900);
    assert_eq!(asks_with_a_passkey(&app, 1, "ada").await, 409);
}

/// What a stranger hears who registers by a name.
async fn asks_with_a_passkey(app: &TestApp, from: u8, name: &str) -> u16 {
    stranger(app, from).try_register(name).await.status.as_u16()
}
