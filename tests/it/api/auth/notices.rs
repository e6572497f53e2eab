//! What users are told of changes to their accounts.

use serde_json::json;
use tests::TestApp;

use super::recovery_links::{EMAIL, RECOVERY, ada, add_address, complete, link_invalid, newest, refusal, token};

/// The subject of the newest message to the user.
fn subject(app: &TestApp) -> String {
    newest(app, EMAIL).subject.expect("an email")
}

#[tokio::test]
async fn a_passkey_that_comes_or_goes_is_told() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    assert_eq!(browser.add_passkey("Laptop").await.status, 201);
    assert_eq!(subject(&app), "Your Ward account: a passkey was added");
    assert_eq!(browser.sign_in().await.status, 200);
    let id = browser.get("/api/auth/passkeys").await.json()["passkeys"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(browser.delete(&format!("/api/auth/passkeys/{id}")).await.status, 204);
    assert_eq!(subject(&app), "Your Ward account: a passkey was removed");
}

#[tokio::test]
async fn a_new_api_key_is_told_without_the_key() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    let made = browser.post("/api/auth/api-keys", json!({"name": "Lab", "scopes": ["storage:read"]})).await.json();
    let message = newest(&app, EMAIL);
    assert_eq!(message.subject.as_deref(), Some("Your Ward account: an API key was made"));
    assert!(!message.text.contains(made["hint"].as_str().unwrap()), "{}", message.text);
}

#[tokio::test]
async fn what_an_administrator_decides_is_told_to_the_user() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let mut browser = ada(&app).await;
    let user = format!("/api/users/{}", browser.get("/api/auth/me").await.json()["user"]["id"].as_str().unwrap());
    for (change, told) in [
        (json!({"role": "auditor"}), "an administrator gave you another role"),
        (json!({"status": "disabled"}), "an administrator disabled your account"),
        (json!({"status": "active"}), "an administrator enabled your account again"),
    ] {
        assert_eq!(admin.patch(&user, change).await.status, 200);
        assert_eq!(subject(&app), format!("Your Ward account: {told}"));
    }
    assert_eq!(admin.delete(&format!("{user}/sessions")).await.status, 204);
    let last = newest(&app, EMAIL);
    assert!(last.text.contains("an administrator ended all your sessions"), "{}", last.text);
    assert!(!last.text.contains("change your password"), "the user can't take it back: {}", last.text);
    // What is no change is not told.
    let before = app.outbox().len();
    assert_eq!(admin.patch(&user, json!({"status": "active"})).await.status, 200);
    assert_eq!(app.outbox().len(), before);
}

#[tokio::test]
async fn a_link_sent_to_an_address_that_was_removed_is_over() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    add_address(&app, &mut browser, "email", "old@example.org", true).await;
    let link = token(&app, "old@example.org").await;
    let contacts = browser.get("/api/auth/contacts").await.json();
    let old = contacts["contacts"].as_array().unwrap().iter().find(|contact| contact["address"] == "old@example.org");
    let id = old.expect("the address")["id"].as_str().unwrap().to_owned();
    assert_eq!(browser.delete(&format!("/api/auth/contacts/{id}")).await.status, 204);
    assert_eq!(refusal(&complete(&app, &link).await), link_invalid());
    let asked = app.browser().post(RECOVERY, json!({"email": "old@example.org"})).await;
    assert_eq!(asked.status, 202, "the same answer as for any address");
}
