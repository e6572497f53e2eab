//! An account is deleted by its user: after a grace, in which it can be taken back.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Browser, TestApp};

use super::{CANCEL, PATH, delete};
use crate::api::auth::people::{PASSWORD, login, user_at};
use crate::api::auth::{clients, column};
use crate::api::users::{events, id_of, key_of};

/// Users whose deletion is due after so many seconds more.
async fn due(app: &TestApp, seconds: i64) -> Vec<String> {
    let now = app.platform.now() + jiff::SignedDuration::from_secs(seconds);
    let role = app.maintenance_role().await;
    let rows = role.query("SELECT due_account_deletions($1, 10)::text", &[&now]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn an_account_is_deleted_after_a_grace_and_kept_when_that_is_taken_back() {
    let app = TestApp::new().await;
    let mut ada = user_at(&app, "ada", "email", "ada@example.org").await;
    let id = id_of(&mut ada).await;
    let shown = ada.get(PATH).await.json();
    assert_eq!((&shown["user"]["username"], &shown["deletion"]), (&json!("ada"), &Value::Null));
    let key = key_of(&mut ada, &["account:read"]).await;
    let mut elsewhere = app.browser();
    assert_eq!(login(&mut elsewhere, "ada", PASSWORD).await.status, 200);

    let session = ada.clone();
    let answer = delete(&mut ada, " ADA ").await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let deletion = json!({"requested_at": "2026-03-14T15:09:26Z", "due_at": "2026-03-21T15:09:26Z"});
    assert_eq!(answer.json(), deletion);
    assert!(!ada.cookies.contains_key("__Host-ward_session"));
    let mut client = app.browser();
    client.bearer = Some(key);
    for browser in [&mut session.clone(), &mut elsewhere] {
        assert_eq!(browser.get("/api/auth/me").await.code(), "unauthenticated", "every session is over at once");
    }
    assert_eq!(client.get("/api/auth/me").await.code(), "token_invalid", "and every key");

    let told = app.outbox();
    let notice = told.iter().find(|sent| sent.template == "deletion_requested").expect("a notice");
    assert_eq!(notice.to, "ada@example.org");
    assert!(notice.text.contains("21 March 2026 at 15:09 UTC"), "{}", notice.text);
    assert!(
        events(&app, &id)
            .await
            .iter()
            .any(|(kind, severity, _)| kind == "account_deletion_requested" && severity == "high")
    );

    let mut back = app.browser();
    let answer = login(&mut back, "ada", PASSWORD).await;
    assert_eq!(answer.status, 200, "signing in stays possible");
    back.csrf = answer.json()["csrf_token"].as_str().map(str::to_owned);
    assert_eq!(back.get(PATH).await.json()["deletion"], deletion);
    assert_eq!(back.get("/api/auth/me").await.json()["deletion_due_at"], "2026-03-21T15:09:26Z");
    let again = delete(&mut back, "ada").await;
    assert_eq!((again.status.as_u16(), again.json()), (200, deletion), "asked for already");
    assert_eq!(due(&app, 7 * 24 * 3600 - 1).await, Vec::<String>::new());
    assert_eq!(due(&app, 7 * 24 * 3600).await, std::slice::from_ref(&id));

    assert_eq!(back.post(CANCEL, json!(null)).await.status, 204);
    assert_eq!(back.post(CANCEL, json!(null)).await.code(), "not_found");
    assert_eq!(back.get(PATH).await.json()["deletion"], Value::Null);
    assert_eq!(back.get("/api/auth/me").await.json()["deletion_due_at"], Value::Null);
    assert_eq!(due(&app, 8 * 24 * 3600).await, Vec::<String>::new());
    assert!(app.outbox()[0].text.contains("deletion of your account was cancelled"));
    assert_eq!(delete(&mut back, "ada").await.status, 202, "and asked for anew");
    assert_eq!(column(&app, "SELECT count(*)::text FROM account_deletions").await, ["2"]);
}

#[tokio::test]
async fn a_deletion_needs_the_accounts_own_name() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    app.signed_in("grace").await;
    for wrong in ["", "grace", "ada2", "delete", "ada\u{0}"] {
        let answer = delete(&mut ada, wrong).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "confirmation_mismatch"), "{wrong:?}");
    }
    for body in ["{}", "{\"username\": 1}", "{\"username\": \"ada\", \"now\": true}", "null"] {
        let body = Some(("application/json", body.as_bytes().to_vec()));
        assert_eq!(ada.send(axum::http::Method::DELETE, PATH, body).await.code(), "invalid_body");
    }
    assert_eq!(ada.delete(PATH).await.code(), "unsupported_media_type");
    let mut forger = ada.clone();
    forger.csrf = None;
    assert_eq!(delete(&mut forger, "ada").await.code(), "csrf_token_invalid");
    assert_eq!(ada.get(PATH).await.json()["deletion"], Value::Null);
    assert_eq!(column(&app, "SELECT count(*)::text FROM account_deletions").await, ["0"]);
}

#[tokio::test]
async fn a_deletion_needs_a_recent_step_up() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    app.clock.advance(16 * 60);
    assert_eq!(delete(&mut ada, "ada").await.code(), "step_up_required");
    assert_eq!(ada.step_up().await.status, 200);
    assert_eq!(delete(&mut ada, "ada").await.status, 202);
}

#[tokio::test]
async fn a_deletion_is_each_users_own() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    assert_eq!(delete(&mut ada, "ada").await.status, 202);
    assert_eq!(grace.get(PATH).await.json()["user"]["username"], "grace");
    assert_eq!(grace.get(PATH).await.json()["deletion"], Value::Null);
    assert_eq!(grace.post(CANCEL, json!(null)).await.code(), "not_found");
    assert_eq!(delete(&mut grace, "ada").await.code(), "confirmation_mismatch");
    assert_eq!(ada.sign_in().await.status, 200);
    assert!(ada.get(PATH).await.json()["deletion"].is_object());
}

#[tokio::test]
async fn a_deletion_without_grace_is_due_at_once_and_not_taken_back() {
    let app = TestApp::with(&[("ACCOUNT_DELETION_GRACE_DAYS", "0")]).await;
    let mut ada = app.signed_in("ada").await;
    let id = id_of(&mut ada).await;
    assert_eq!(delete(&mut ada, "ada").await.status, 202);
    assert_eq!(due(&app, 0).await, [id]);
    assert_eq!(ada.sign_in().await.status, 200);
    let late = ada.post(CANCEL, json!(null)).await;
    assert_eq!((late.status.as_u16(), late.code().as_str()), (409, "deletion_due"));
}

#[tokio::test]
async fn a_deletion_that_is_due_is_not_taken_back() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    assert_eq!(delete(&mut ada, "ada").await.status, 202);
    app.clock.advance(7 * 24 * 3600 - 1);
    assert_eq!(ada.sign_in().await.status, 200);
    app.clock.advance(1);
    assert_eq!(ada.post(CANCEL, json!(null)).await.code(), "deletion_due");
}

async fn administrators(app: &TestApp, names: &[&str]) -> Vec<Browser> {
    let mut all = Vec::new();
    for name in names {
        all.push(app.administrator(name).await);
    }
    all
}

#[tokio::test]
async fn an_administrator_is_always_left() {
    let app = TestApp::with(&[("WARD_DATABASE_POOL", "8")]).await;
    let mut all = administrators(&app, &["a", "b"]).await;
    let alone = app.administrator("c").await;
    drop(alone);
    let database = app.superuser().await;
    database
        .batch_execute("UPDATE users SET status = 'disabled' WHERE id = (SELECT max(id::text)::uuid FROM users)")
        .await
        .unwrap();
    let goes = all.iter().zip(["a", "b"]).map(|(browser, name)| {
        let mut browser = browser.clone();
        async move { delete(&mut browser, name).await.status.as_u16() }
    });
    let mut statuses = join_all(goes).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 409], "of two that go at once one stays");

    // Whoever stays can't be demoted either, by the one who comes back in the grace.
    let mut ids = Vec::new();
    for browser in &mut all {
        if browser.get("/api/auth/me").await.status != 200 {
            assert_eq!(browser.sign_in().await.status, 200);
        }
        ids.push((id_of(browser).await, browser.get(PATH).await.json()["deletion"].is_object()));
    }
    let gone = ids.iter().position(|(_, goes)| *goes).unwrap();
    let stays = &ids[1 - gone].0;
    let answer = all[gone].patch(&format!("/api/users/{stays}"), json!({"role": "user"})).await;
    assert_eq!(answer.code(), "last_admin");
    let name = ["a", "b"][1 - gone];
    assert_eq!(delete(&mut all[1 - gone], name).await.code(), "last_admin");
    // Once the other stays as well, one may go.
    assert_eq!(all[gone].post(CANCEL, json!(null)).await.status, 204);
    assert_eq!(delete(&mut all[1 - gone], name).await.status, 202);
}

#[tokio::test]
async fn an_app_asks_for_a_deletion_with_its_token() {
    let app = TestApp::new().await;
    let (mut client, tokens) = clients::registered(&app, "ada").await;
    let answer = delete(&mut client, "ada").await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(client.get("/api/auth/me").await.code(), "token_invalid");
    client.bearer = None;
    let refresh = json!({"refresh_token": tokens["refresh_token"]});
    assert_eq!(client.post("/api/auth/refresh", refresh).await.code(), "refresh_token_invalid");
}

#[tokio::test]
async fn the_applications_role_takes_deletions_back_and_changes_nothing_else_of_them() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    assert_eq!(delete(&mut ada, "ada").await.status, 202);
    let role = app.app_role().await;
    for statement in ["UPDATE account_deletions SET due_at = now()", "DELETE FROM account_deletions"] {
        assert_eq!(role.batch_execute(statement).await.unwrap_err().code().unwrap().code(), "42501", "{statement}");
    }
    let due = "SELECT due_account_deletions(now() + interval '1 year', -1)";
    assert_eq!(role.query(due, &[]).await.unwrap_err().code().unwrap().code(), "42501", "that is for maintenance");
    assert!(app.maintenance_role().await.query(due, &[]).await.unwrap().is_empty());
}
