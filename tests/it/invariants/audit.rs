//! Every access to a user's data writes an audit row in the access's transaction.

use serde_json::json;
use tests::TestApp;

use crate::api::auth::enrolled::{add_address, answer, challenge, enrol_codes, enrol_totp, step_up};
use crate::api::auth::people::{self, PASSWORD, change, login, user, user_at};
use crate::api::auth::{clients, column, recovery_links};

#[tokio::test]
async fn each_access_leaves_its_row() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("grace").await;
    let chat = browser.post("/api/chats", json!({"title": "Knee", "patient_id": "P"})).await.json()["id"].clone();
    let chat = chat.as_str().unwrap();
    browser.get("/api/auth/me").await;
    browser.post("/api/storage/set", json!({"key": "k", "value": 1})).await;
    let got = browser.get("/api/storage/get?key=k").await;
    browser.get("/api/storage/get?key=nothing").await;
    browser.get("/api/storage/keys").await;
    browser.delete("/api/storage/delete?key=k").await;
    browser.post("/api/storage/clear", json!(null)).await;
    browser
        .post("/api/storage/batch/set", json!({"items": [{"key": "k", "value": 1}, {"key": "l", "value": 1}]}))
        .await;
    browser.post("/api/storage/batch/get", json!({"items": [{"key": "k"}]})).await;
    browser.post("/api/storage/batch/delete", json!({"items": [{"key": "k"}]})).await;
    browser.post("/api/storage/keys/search", json!({})).await;
    browser.post("/api/storage/versions/search", json!({"key": "k"})).await;
    browser.get("/api/storage/get?key=k&version=1").await;
    browser.post("/api/storage/versions/restore", json!({"key": "k", "version": 1})).await;
    browser.post("/api/storage/versions/forget", json!({})).await;
    browser.get("/api/chats").await;
    browser.post("/api/chats/search", json!({"patient_id": "P"})).await;
    browser.post(&format!("/api/chats/{chat}/messages"), json!({"content": "hello"})).await;
    browser.get(&format!("/api/chats/{chat}")).await;
    browser.get("/api/usage").await;
    browser.post("/api/auth/logout", json!(null)).await;
    browser.sign_in().await;
    let (mut client, tokens) = clients::signed_in(&app, &browser).await;
    client.bearer = None;
    client.post("/api/auth/refresh", json!({"refresh_token": tokens["refresh_token"]})).await;
    let mut ada = recovery_links::ada(&app).await;
    let link = recovery_links::token(&app, recovery_links::EMAIL).await;
    client.post("/api/auth/recovery/options", json!({"token": link})).await;
    assert_eq!(recovery_links::complete(&app, &link).await.status, 204);
    assert_eq!(ada.get("/api/auth/me").await.status, 401);

    let database = app.superuser().await;
    let rows = database
        .query("SELECT action, user_id = actor_id, address, request_id FROM audit_log ORDER BY created_at, action", &[])
        .await
        .unwrap();
    let mut actions: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    actions.sort();
    assert_eq!(
        actions,
        [
            "account.read",
            "auth.recover",
            "auth.recovery.options",
            "auth.refresh",
            "auth.register",
            "auth.register",
            "auth.sign_in",
            "auth.sign_in",
            "auth.sign_out",
            "chat.create",
            "chat.list",
            "chat.message.create",
            "chat.message.create",
            "chat.messages.read",
            "chat.messages.read",
            "chat.read",
            "chat.search",
            "storage.batch.delete",
            "storage.batch.get",
            "storage.batch.set",
            "storage.clear",
            "storage.delete",
            "storage.get",
            "storage.get",
            "storage.keys",
            "storage.keys",
            "storage.set",
            "storage.versions.forget",
            "storage.versions.get",
            "storage.versions.list",
            "storage.versions.restore",
            "usage.read",
        ]
    );
    assert!(rows.iter().all(|row| row.get::<_, bool>(1) && row.get::<_, &str>(2) == "192.0.2.7"));
    let request: uuid::Uuid = got.headers["x-request-id"].to_str().unwrap().parse().unwrap();
    assert!(rows.iter().any(|row| row.get::<_, &str>(0) == "storage.get" && row.get::<_, uuid::Uuid>(3) == request));
}

/// Which actions there are rows of, and how many.
pub(super) async fn actions(app: &TestApp, like: &str) -> Vec<(String, i64)> {
    let sql = "SELECT action, count(*) FROM audit_log WHERE action LIKE $1 GROUP BY action ORDER BY action";
    let rows = app.superuser().await.query(sql, &[&like]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn an_administrators_access_is_written_in_the_users_name() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let mut ada = app.browser();
    let ada_id = ada.register("ada").await;
    let user = format!("/api/users/{ada_id}");
    let invitation = json!({"username": "eve", "display_name": "Eve", "email": "eve@example.org", "role": "user"});
    let eve_id = admin.post("/api/users", invitation).await.json()["id"].as_str().unwrap().to_owned();
    admin.post(&format!("/api/users/{eve_id}/invitation"), json!(null)).await;
    admin.get("/api/users?limit=1").await;
    admin.get(&user).await;
    admin.patch(&user, json!({"role": "auditor"})).await;
    admin.delete(&format!("{user}/sessions")).await;
    let counts = actions(&app, "user.%").await;
    let expected = ["user.change", "user.invite", "user.link", "user.list", "user.read", "user.sessions.end"];
    assert_eq!(counts, expected.map(|action| (action.to_owned(), 1)));

    let admin_id = admin.get("/api/auth/me").await.json()["user"]["id"].as_str().unwrap().to_owned();
    let sql =
        "SELECT action, user_id::text, actor_id::text, resource_id, address FROM audit_log WHERE action LIKE 'user.%'";
    for row in app.superuser().await.query(sql, &[]).await.unwrap() {
        let (action, owner): (&str, &str) = (row.get(0), row.get(1));
        let expected = match action {
            "user.list" => &admin_id,
            "user.invite" | "user.link" => &eve_id,
            _ => &ada_id,
        };
        assert_eq!((owner, row.get::<_, &str>(3)), (expected.as_str(), expected.as_str()), "{action}");
        assert_eq!((row.get::<_, &str>(2), row.get::<_, &str>(4)), (admin_id.as_str(), "192.0.2.7"), "{action}");
    }
}

#[tokio::test]
async fn preferences_leave_a_row_when_they_come_from_the_database() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let read = |times: i64| ("preferences.read".to_owned(), times);
    for _ in 0..3 {
        ada.get("/api/preferences").await;
    }
    assert_eq!(actions(&app, "preferences.%").await, [read(1)], "twice they came from the cache: docs/adr/0006");
    app.clock.advance(300);
    ada.get("/api/preferences").await;
    assert_eq!(actions(&app, "preferences.%").await, [read(2)]);
    ada.patch("/api/preferences", json!({"theme": "dark"})).await;
    ada.get("/api/preferences").await;
    assert_eq!(actions(&app, "preferences.%").await, [read(3), ("preferences.update".to_owned(), 1)]);
}

#[tokio::test]
async fn each_change_of_what_protects_an_account_leaves_its_row() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    let id = add_address(&app, &mut browser, "email", "ada@example.org").await;
    browser.get("/api/auth/contacts").await;
    enrol_codes(&mut browser, "email").await;
    let (totp, backup) = enrol_totp(&app, &mut browser).await;
    assert!(backup.is_empty(), "the codes came with the first factor");
    browser.get("/api/auth/factors").await;
    browser.post("/api/auth/factors/backup-codes", json!(null)).await;
    let due = challenge(&mut browser, "ada").await;
    answer(&mut browser, &due, "totp", &totp.code(&app)).await;
    app.clock.advance(30);
    step_up(&mut browser, "totp", &totp.code(&app)).await;
    browser.delete("/api/auth/factors/totp").await;
    browser.delete(&format!("/api/auth/contacts/{id}")).await;
    let mut actions = column(&app, "SELECT action FROM audit_log WHERE user_id = actor_id").await;
    actions.sort();
    assert_eq!(
        actions,
        [
            "address.add",
            "address.list",
            "address.remove",
            "address.verify",
            "auth.register",
            "auth.sign_in",
            "auth.step_up",
            "backup_codes.renew",
            "factor.begin",
            "factor.enrol",
            "factor.enrol",
            "factor.list",
            "factor.remove",
        ]
    );
}

#[tokio::test]
async fn each_use_of_a_password_leaves_its_row() {
    let app = TestApp::new().await;
    let mut browser = user_at(&app, "ada", "email", "ada@example.org").await;
    let new = "nine brave herons over marshland";
    assert_eq!(login(&mut app.browser(), "ada", PASSWORD).await.status, 200);
    assert_eq!(login(&mut app.browser(), "ada", new).await.status, 401);
    assert_eq!(change(&mut browser, Some(new), new).await.status, 400);
    assert_eq!(change(&mut browser, Some(PASSWORD), new).await.status, 204);
    assert_eq!(browser.add_passkey("key").await.status, 201);
    browser.lose_session();
    assert_eq!(browser.sign_in().await.status, 200);
    assert_eq!(browser.delete(people::PASSWORD_PATH).await.status, 204);

    let database = app.superuser().await;
    let rows = database
        .query("SELECT action FROM audit_log WHERE user_id = actor_id AND address = '192.0.2.7' ORDER BY action", &[])
        .await
        .unwrap();
    let actions: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(
        actions,
        [
            "auth.register",
            "auth.sign_in",
            "auth.sign_in",
            "passkey.add",
            "passkey.options",
            "password.change",
            "password.remove",
        ]
    );
}

#[tokio::test]
async fn each_access_to_an_account_leaves_its_row() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let added = browser.add_passkey("spare").await.json();
    let passkey = format!("/api/auth/passkeys/{}", added["id"].as_str().unwrap());
    browser.patch(&passkey, json!({"name": "x"})).await;
    browser.delete(&passkey).await;
    browser.get("/api/auth/passkeys").await;
    browser.authenticator.credentials.pop();
    browser.step_up().await;
    browser.get("/api/auth/sessions").await;
    browser.delete("/api/auth/sessions").await;
    let device = browser.get("/api/auth/devices").await.json()["devices"][0]["id"].clone();
    let device = format!("/api/auth/devices/{}", device.as_str().unwrap());
    browser.patch(&device, json!({"name": "x"})).await;
    browser.delete(&device).await;

    let rows = app
        .superuser()
        .await
        .query("SELECT action FROM audit_log WHERE user_id = actor_id AND session_id IS NOT NULL ORDER BY action", &[])
        .await
        .unwrap();
    let actions: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(
        actions,
        [
            "auth.step_up",
            "auth.step_up.options",
            "device.forget",
            "device.list",
            "device.rename",
            "passkey.add",
            "passkey.list",
            "passkey.options",
            "passkey.remove",
            "passkey.rename",
            "session.list",
            "session.revoke",
        ]
    );
}

#[tokio::test]
async fn where_the_row_can_not_be_written_the_access_does_not_happen() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    browser.post("/api/storage/set", json!({"key": "k", "value": "before"})).await;
    let database = app.superuser().await;
    database.batch_execute("ALTER TABLE audit_log ADD CONSTRAINT full_up CHECK (false) NOT VALID").await.unwrap();
    assert_eq!(browser.get("/api/storage/get?key=k").await.status, 500);
    assert_eq!(browser.post("/api/storage/set", json!({"key": "k", "value": "after"})).await.status, 500);
    database.batch_execute("ALTER TABLE audit_log DROP CONSTRAINT full_up").await.unwrap();
    assert_eq!(browser.get("/api/storage/get?key=k").await.json()["value"], "before");
}

#[tokio::test]
async fn the_applications_role_can_not_touch_a_row() {
    let app = TestApp::new().await;
    app.signed_in("ada").await;
    let role = app.app_role().await;
    for statement in ["UPDATE audit_log SET action = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"] {
        let error = role.batch_execute(statement).await.unwrap_err();
        assert_eq!(error.code().unwrap().code(), "42501", "{statement}");
    }
}
