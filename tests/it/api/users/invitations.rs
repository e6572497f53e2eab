//! Accounts that an administrator makes for others.

use serde_json::{Value, json};
use tests::{Answer, Browser, TestApp};

use super::{events, id_of};

fn ada() -> Value {
    json!({"username": "ada", "display_name": "Ada", "email": "ada@example.org", "role": "auditor"})
}

/// The token of a link.
fn token(link: &str) -> &str {
    let (page, token) = link.split_once("/#/invitation?token=").expect("a link of an invitation");
    assert_eq!(page, "http://localhost:9000");
    assert_eq!(token.len(), 43);
    token
}

/// Opens the account that a link leads into with a new passkey, whatever the answer.
async fn accept(browser: &mut Browser, token: &str) -> Answer {
    let options = browser.post("/api/auth/recovery/options", json!({"token": token})).await;
    if options.status != 200 {
        return options;
    }
    let credential = browser.authenticator.create(&options.json());
    browser.post("/api/auth/recovery/complete", json!({"token": token, "credential": credential})).await
}

async fn contact(app: &TestApp) -> bool {
    let sql = "SELECT verified_at IS NOT NULL FROM user_contacts";
    app.superuser().await.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn an_invited_user_opens_the_account_by_the_link_that_was_sent() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let answer = admin.post("/api/users", ada()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let invited = answer.json();
    assert_eq!((&invited["username"], &invited["role"]), (&json!("ada"), &json!("auditor")));
    assert_eq!(invited["status"], "invited");
    assert_eq!(invited["invitation_url"], Value::Null, "the link went to its user alone");
    assert_eq!(invited["invitation_expires_at"], "2026-03-21T15:09:26Z");
    let id = invited["id"].as_str().unwrap();

    let sent = app.outbox();
    assert_eq!((sent[0].template.as_str(), sent[0].to.as_str()), ("invitation", "ada@example.org"));
    let link = sent[0].link.clone().unwrap();
    app.clock.advance(7 * 24 * 3600 - 60);
    let mut browser = app.browser();
    let accepted = accept(&mut browser, token(&link)).await;
    assert_eq!(accepted.status, 204, "{}", accepted.text());
    let me = browser.sign_in().await.json();
    assert_eq!((&me["user"]["id"], &me["user"]["role"]), (&json!(id), &json!("auditor")));
    assert!(contact(&app).await, "the link proved the address");
    assert_eq!(accept(&mut app.browser(), token(&link)).await.code(), "link_invalid");
    let kinds: Vec<_> = events(&app, id).await.into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds[0], "account_invited");
}

#[tokio::test]
async fn a_link_that_passes_through_other_hands_proves_no_address() {
    let app = TestApp::with(&[("WARD_OUTBOX", "")]).await;
    let mut admin = app.administrator("admin").await;
    let invited = admin.post("/api/users", ada()).await.json();
    let link = invited["invitation_url"].as_str().expect("no provider is there to send it");
    let mut browser = app.browser();
    assert_eq!(accept(&mut browser, token(link)).await.status, 204);
    assert_eq!(browser.sign_in().await.status, 200);
    assert!(!contact(&app).await);
}

#[tokio::test]
async fn an_invitation_holds_for_a_week() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    admin.post("/api/users", ada()).await;
    let link = app.outbox()[0].link.clone().unwrap();
    app.clock.advance(7 * 24 * 3600);
    assert_eq!(accept(&mut app.browser(), token(&link)).await.code(), "link_invalid");
}

#[tokio::test]
async fn an_invitation_refuses_what_is_taken_or_malformed() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    admin.post("/api/users", ada()).await;
    let link = app.outbox()[0].link.clone().unwrap();
    accept(&mut app.browser(), token(&link)).await;

    let with = |name: &str, value: Value| {
        let mut body = json!({"username": "eve", "display_name": "Eve", "email": "eve@example.org", "role": "user"});
        body[name] = value;
        body
    };
    for (body, status, code) in [
        (with("username", json!("ADA")), 409, "username_taken"),
        (with("email", json!("ADA@example.org")), 409, "address_taken"),
        (with("username", json!("e\u{200b}ve")), 400, "invalid_username"),
        (with("display_name", json!("")), 400, "invalid_display_name"),
        (with("email", json!("eve")), 400, "invalid_email"),
        (with("role", json!("root")), 422, "invalid_body"),
        (with("status", json!("active")), 422, "invalid_body"),
        (json!({"username": "eve", "display_name": "Eve", "role": "user"}), 422, "invalid_body"),
    ] {
        let answer = admin.post("/api/users", body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code));
    }
    assert_eq!(admin.get("/api/users").await.json()["users"].as_array().unwrap().len(), 2);
    let invitations = app.outbox().iter().filter(|sent| sent.template == "invitation").count();
    assert_eq!(invitations, 1, "nothing more was sent");
}

#[tokio::test]
async fn another_invitation_takes_the_place_of_the_first() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let id = admin.post("/api/users", ada()).await.json()["id"].as_str().unwrap().to_owned();
    let first = app.outbox()[0].link.clone().unwrap();
    let again = format!("/api/users/{id}/invitation");
    let answer = admin.post(&again, Value::Null).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let second = app.outbox()[0].link.clone().unwrap();
    assert_ne!(first, second);
    assert_eq!(accept(&mut app.browser(), token(&first)).await.code(), "link_invalid");
    let mut browser = app.browser();
    assert_eq!(accept(&mut browser, token(&second)).await.status, 204);

    let answer = admin.post(&again, Value::Null).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "account_active"));
    admin.patch(&format!("/api/users/{id}"), json!({"status": "disabled"})).await;
    assert_eq!(admin.post(&again, Value::Null).await.code(), "account_disabled");
}

#[tokio::test]
async fn a_withdrawn_invitation_opens_nothing() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let id = admin.post("/api/users", ada()).await.json()["id"].as_str().unwrap().to_owned();
    let link = app.outbox()[0].link.clone().unwrap();
    let user = format!("/api/users/{id}");
    assert_eq!(admin.patch(&user, json!({"status": "active"})).await.code(), "account_invited");
    assert_eq!(admin.patch(&user, json!({"status": "disabled"})).await.json()["status"], "disabled");
    assert_eq!(accept(&mut app.browser(), token(&link)).await.code(), "link_invalid");
    // Enabled again it still has no way in: it waits for another invitation.
    assert_eq!(admin.patch(&user, json!({"status": "active"})).await.json()["status"], "invited");
    assert_eq!(accept(&mut app.browser(), token(&link)).await.code(), "link_invalid");
    admin.post(&format!("{user}/invitation"), Value::Null).await;
    let link = app.outbox()[0].link.clone().unwrap();
    assert_eq!(accept(&mut app.browser(), token(&link)).await.status, 204);
}

#[tokio::test]
async fn inviting_needs_somebody_who_is_there() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let id = id_of(&mut admin).await;
    let key = super::key_of(&mut admin, &["users:read", "users:write"]).await;
    let answer = super::with_key(&app, &key, axum::http::Method::POST, "/api/users", Some(ada())).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "api_key_refused"));
    app.clock.advance(16 * 60);
    for (path, body) in [("/api/users".to_owned(), ada()), (format!("/api/users/{id}/invitation"), Value::Null)] {
        let answer = admin.post(&path, body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "step_up_required"));
    }
    assert_eq!(admin.step_up().await.status, 200);
    assert_eq!(admin.post("/api/users", ada()).await.status, 201);
}
