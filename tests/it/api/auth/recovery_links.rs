//! Users with addresses, and links into their accounts.

use serde_json::json;
use tests::{Answer, Browser, TestApp};

use super::clients::PASSWORD;

pub const RECOVERY: &str = "/api/auth/recovery";
pub const COMPLETE: &str = "/api/auth/recovery/complete";
pub const NEW_PASSWORD: &str = "seven-copper-kettles-whistle";
pub const EMAIL: &str = "ada@example.org";

/// A user with a password and a proved email address, signed in.
pub async fn ada(app: &TestApp) -> Browser {
    with_email(app, "ada", EMAIL).await
}

/// The same by another name and address.
pub async fn with_email(app: &TestApp, username: &str, email: &str) -> Browser {
    let mut browser = app.browser();
    let body = json!({"username": username, "display_name": username, "password": PASSWORD, "email": email});
    let answer = browser.post("/api/auth/register", body).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let challenge = answer.json()["verification"]["challenge"].clone();
    let body = json!({"challenge": challenge, "code": newest(app, email).code});
    let answer = browser.post("/api/auth/register/verify", body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    browser.csrf = answer.json()["csrf_token"].as_str().map(str::to_owned);
    browser
}

/// The newest message to an address.
pub fn newest(app: &TestApp, to: &str) -> auth::delivery::outbox::Sent {
    app.outbox().into_iter().find(|sent| sent.to == to).unwrap_or_else(|| panic!("nothing went to {to}"))
}

/// Adds an address to the account; proves it where that is asked for.
pub async fn add_address(app: &TestApp, browser: &mut Browser, kind: &str, address: &str, proved: bool) {
    let answer = browser.post("/api/auth/contacts", json!({"kind": kind, "address": address})).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    if proved {
        let path = format!("/api/auth/contacts/{}/verify", answer.json()["id"].as_str().unwrap());
        assert_eq!(browser.post(&path, json!({"code": newest(app, address).code})).await.status, 204);
    }
}

/// Asks for a link; gives its token.
pub async fn token(app: &TestApp, email: &str) -> String {
    let answer = app.browser().post(RECOVERY, json!({"email": email})).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let link = newest(app, email).link.expect("a link");
    link.split_once("token=").expect("a token").1.to_owned()
}

/// Sets a new password by a link.
pub async fn complete(app: &TestApp, token: &str) -> Answer {
    app.browser().post(COMPLETE, json!({"token": token, "new_password": NEW_PASSWORD})).await
}

/// Signs in with a password, whatever the answer.
pub async fn log_in(app: &TestApp, password: &str) -> Answer {
    app.browser().post("/api/auth/login", json!({"username": "ada", "password": password})).await
}

/// Status and code of a refusal.
pub fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.code())
}

/// The refusal of a link that does not work any more.
pub fn link_invalid() -> (u16, String) {
    (400, "link_invalid".into())
}
