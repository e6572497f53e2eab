//! Requests that were let in before their session ended, and act after: their bodies came late.

use axum::http::Method;
use serde_json::{Value, json};
use tests::TestApp;

use super::column;
use super::enrolled::{add_address, add_unproved, begin_totp, code_sent_to};
use super::people::{PASSWORD, user};

/// Ends all sessions as a revocation would, but for the cache: what it holds lets requests in still.
async fn end_behind_the_cache(app: &TestApp) {
    app.superuser().await.batch_execute("UPDATE sessions SET revoked_at = now()").await.unwrap();
}

#[tokio::test]
async fn nothing_is_made_or_taken_by_a_session_that_is_over() {
    let app = TestApp::new().await;
    let mut ada = user(&app, "ada").await;
    let proved = add_address(&app, &mut ada, "email", "ada@example.org").await;
    let unproved = add_unproved(&mut ada, "phone", "+254700000001").await;
    let code = code_sent_to(&app, "+254700000001");
    let totp = begin_totp(&mut ada).await;
    let options = ada.post("/api/auth/passkeys/options", Value::Null).await;
    assert_eq!(options.status, 200, "{}", options.text());
    let credential = ada.authenticator.create(&options.json());
    let kept = "SELECT concat_ws(' ', (SELECT count(*) FROM api_keys), (SELECT count(*) FROM passkey_credentials),
        (SELECT count(*) FROM user_contacts WHERE verified_at IS NOT NULL), (SELECT count(*) FROM user_contacts),
        (SELECT count(*) FROM two_factor_auth WHERE confirmed_at IS NOT NULL), (SELECT count(*) FROM password_history))";
    let before = column(&app, kept).await;
    end_behind_the_cache(&app).await;
    assert_eq!(ada.get("/api/auth/me").await.status, 200, "the cache lets it in");

    for (method, path, body) in [
        (Method::POST, "/api/auth/api-keys".to_owned(), json!({"name": "k", "scopes": ["storage:read"]})),
        (Method::POST, "/api/auth/passkeys".to_owned(), json!({"credential": credential, "name": "k"})),
        (Method::POST, "/api/auth/contacts".to_owned(), json!({"kind": "email", "address": "eve@example.org"})),
        (Method::POST, format!("/api/auth/contacts/{unproved}/verify"), json!({"code": code})),
        (Method::DELETE, format!("/api/auth/contacts/{proved}"), Value::Null),
        (Method::POST, "/api/auth/factors/totp/confirm".to_owned(), json!({"code": totp.code(&app)})),
        (Method::POST, "/api/auth/factors/codes".to_owned(), json!({"method": "email"})),
        (
            Method::PUT,
            "/api/auth/password".to_owned(),
            json!({"current_password": PASSWORD, "new_password": "nine brave herons over marshland"}),
        ),
    ] {
        let body = (!body.is_null()).then(|| ("application/json", body.to_string().into_bytes()));
        let answer = ada.send(method.clone(), &path, body).await;
        assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text());
    }
    assert_eq!(column(&app, kept).await, before);
}

#[tokio::test]
async fn an_administrator_whose_session_is_over_invites_nobody() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let invitation = json!({"username": "ada", "display_name": "Ada", "email": "ada@example.org", "role": "user"});
    let id = admin.post("/api/users", invitation).await.json()["id"].as_str().unwrap().to_owned();
    end_behind_the_cache(&app).await;
    let eve = json!({"username": "eve", "display_name": "Eve", "email": "eve@example.org", "role": "admin"});
    for answer in [
        admin.post("/api/users", eve).await,
        admin.post(&format!("/api/users/{id}/invitation"), Value::Null).await,
        admin.patch(&format!("/api/users/{id}"), json!({"role": "admin"})).await,
    ] {
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "not_permitted"), "{}", answer.text());
    }
}
