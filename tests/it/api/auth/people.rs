//! Users with passwords, for the tests of what they do.

use axum::http::Method;
use serde_json::{Value, json};
use tests::{Answer, Browser, TestApp};

pub const REGISTER: &str = "/api/auth/register";
pub const VERIFY: &str = "/api/auth/register/verify";
pub const LOGIN: &str = "/api/auth/login";
pub const PASSWORD_PATH: &str = "/api/auth/password";

pub const PASSWORD: &str = "seven quiet otters at dawn";
pub const WRONG: &str = "seven loud otters at dusk!";

/// What registers a user, without an address.
pub fn names(username: &str) -> Value {
    json!({"username": username, "display_name": "Somebody", "password": PASSWORD})
}

/// The same with another member.
pub fn with(mut body: Value, name: &str, value: impl Into<Value>) -> Value {
    body[name] = value.into();
    body
}

/// A browser in which a user has registered by a username and [`PASSWORD`].
pub async fn user(app: &TestApp, username: &str) -> Browser {
    let mut browser = app.browser();
    signed_in(&mut browser, REGISTER, names(username), 201).await;
    browser
}

/// A browser in which a user has registered with an address as well, of a kind (`email` or `phone`).
pub async fn user_at(app: &TestApp, username: &str, kind: &str, address: &str) -> Browser {
    let mut browser = app.browser();
    let challenge = begin(&mut browser, with(names(username), kind, address)).await;
    signed_in(&mut browser, VERIFY, json!({"challenge": challenge, "code": code(app)}), 201).await;
    browser
}

/// Posts what signs in, and remembers the CSRF token.
pub async fn signed_in(browser: &mut Browser, path: &str, body: Value, status: u16) -> Value {
    let answer = browser.post(path, body).await;
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
    browser.csrf = answer.json()["csrf_token"].as_str().map(str::to_owned);
    answer.json()
}

/// Registers with an address; gives the challenge.
pub async fn begin(browser: &mut Browser, body: Value) -> String {
    let answer = browser.post(REGISTER, body).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.json()["verification"]["challenge"].as_str().expect("a challenge").to_owned()
}

/// The code of the newest message.
pub fn code(app: &TestApp) -> String {
    app.outbox()[0].code.clone().expect("a code")
}

/// A code that is not the one.
pub fn another(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

/// Tries to sign in by a username.
pub async fn login(browser: &mut Browser, username: &str, password: &str) -> Answer {
    browser.post(LOGIN, json!({"username": username, "password": password})).await
}

/// A browser nobody has signed in with, at an address of its own.
pub fn stranger(app: &TestApp, number: u8) -> Browser {
    let mut browser = app.browser();
    browser.address = ([198, 51, 100, number], 1).into();
    browser
}

/// Changes the password.
pub async fn change(browser: &mut Browser, current: Option<&str>, new: &str) -> Answer {
    let mut body = json!({"new_password": new});
    if let Some(current) = current {
        body["current_password"] = current.into();
    }
    browser.send(Method::PUT, PASSWORD_PATH, Some(("application/json", body.to_string().into_bytes()))).await
}

/// Status and code of a refusal.
pub fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.code())
}

/// Makes a refusal comparable.
#[track_caller]
pub fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(refusal(answer), (status, code.to_owned()), "{}", answer.text());
}
