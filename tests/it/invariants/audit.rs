//! Every access to a user's data writes an audit row in the access's transaction.

use serde_json::json;
use tests::TestApp;

#[tokio::test]
async fn each_access_leaves_its_row() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let chat = browser.post("/api/chats", json!({"title": "Knee", "patient_id": "P"})).await.json()["id"].clone();
    let chat = chat.as_str().unwrap();
    browser.get("/api/auth/me").await;
    browser.post("/api/storage/set", json!({"key": "k", "value": 1})).await;
    let got = browser.get("/api/storage/get?key=k").await;
    browser.get("/api/storage/get?key=nothing").await;
    browser.get("/api/storage/keys").await;
    browser.delete("/api/storage/delete?key=k").await;
    browser.post("/api/storage/clear", json!(null)).await;
    browser.get("/api/chats").await;
    browser.post("/api/chats/search", json!({"patient_id": "P"})).await;
    browser.post(&format!("/api/chats/{chat}/messages"), json!({"content": "hello"})).await;
    browser.get(&format!("/api/chats/{chat}")).await;
    browser.get("/api/usage").await;
    browser.post("/api/auth/logout", json!(null)).await;
    browser.sign_in().await;

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
            "auth.register",
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
            "storage.clear",
            "storage.delete",
            "storage.get",
            "storage.get",
            "storage.keys",
            "storage.set",
            "usage.read",
        ]
    );
    assert!(rows.iter().all(|row| row.get::<_, bool>(1) && row.get::<_, &str>(2) == "192.0.2.7"));
    let request: uuid::Uuid = got.headers["x-request-id"].to_str().unwrap().parse().unwrap();
    assert!(rows.iter().any(|row| row.get::<_, &str>(0) == "storage.get" && row.get::<_, uuid::Uuid>(3) == request));
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
