//! Blind indexes made anew.

use serde_json::json;
use shared::vault::reindex::{self, Phase};
use tests::TestApp;

use super::command::{stderr, stdout, ward};

/// The versions that the indexes of a table's column have.
async fn versions(app: &TestApp, table: &str, column: &str) -> Vec<i32> {
    let sql = format!("SELECT DISTINCT get_byte({column}, 0) FROM {table} WHERE {column} IS NOT NULL ORDER BY 1");
    app.superuser().await.query(&sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn everything_is_found_again_under_the_new_key() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    ada.post("/api/chats", json!({"title": "t", "patient_id": "p-1"})).await;
    let mut admin = app.administrator("grace").await;
    let email = json!({"email": "who@example.org"});
    let contact = json!({"name": "Who", "email": "who@example.org"});
    let operator = admin.post("/api/operators", json!({"name": "Clinic", "contacts": [contact]})).await;
    assert_eq!(operator.status, 201, "{}", operator.text());
    stdout(&ward(app.settings(), &["status"]));
    let out = ward(app.settings(), &["reindex", "--stopped", "--force"]);
    assert!(stdout(&out).contains("indexes made anew, under version 2"), "{}", stdout(&out));
    assert!(
        stdout(&ward(app.settings(), &["status"]))
            .contains("version 1 is retired\nblind indexes: version 2 is current")
    );
    for (table, column) in
        [("users", "username_index"), ("chat_sessions", "patient_index"), ("operator_contacts", "email_index")]
    {
        assert_eq!(versions(&app, table, column).await, [2], "{table}");
    }
    // Functions that start now, or whose memory of the keys is over.
    app.clock.advance(301);
    let found = ada.post("/api/chats/search", json!({"patient_id": "p-1"})).await;
    assert_eq!(found.json()["chats"].as_array().unwrap().len(), 1, "{}", found.text());
    let found = ada.post("/api/operators/search", email).await;
    assert_eq!(found.json()["operators"][0]["name"], "Clinic", "{}", found.text());
    assert_eq!(app.browser().try_register("ada").await.code(), "username_taken");
    // Tokens carry a MAC, and live on.
    assert_eq!(ada.get("/api/auth/me").await.status, 200);
    assert_eq!(stdout(&ward(app.settings(), &["rotate", "--user", "ada"])), "version 2\n");
}

#[tokio::test]
async fn while_it_is_under_way_old_and_new_are_found() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    ada.post("/api/chats", json!({"title": "old", "patient_id": "p-1"})).await;
    let db = app.platform.operator_db(2).unwrap();
    stdout(&ward(app.settings(), &["rotate"]));
    let next = reindex::newest_version(&db).await.unwrap();
    reindex::announce(&db, next, app.clock.now()).await.unwrap();
    assert!(matches!(reindex::phase(&db).await.unwrap(), Phase::Announced { next: 2, .. }));
    // A function that knows of it, and one that does not yet: the one writes as the other does.
    let mut knows = app.on_another_instance(&ada);
    knows.post("/api/chats", json!({"title": "announced", "patient_id": "p-1"})).await;
    assert_eq!(versions(&app, "chat_sessions", "patient_index").await, [1]);

    app.clock.advance(301);
    reindex::switch(&db, app.clock.now()).await.unwrap();
    assert!(matches!(reindex::phase(&db).await.unwrap(), Phase::Switched { current: 2, .. }));
    let mut writes_new = app.on_another_instance(&ada);
    writes_new.post("/api/chats", json!({"title": "new", "patient_id": "p-1"})).await;
    assert_eq!(versions(&app, "chat_sessions", "patient_index").await, [1, 2]);
    // Both find all three, and nobody can take a name that stands under the other index.
    for browser in [&mut knows, &mut writes_new] {
        let found = browser.post("/api/chats/search", json!({"patient_id": "p-1"})).await;
        assert_eq!(found.json()["chats"].as_array().unwrap().len(), 3, "{}", found.text());
        assert_eq!(browser.try_register("ada").await.code(), "username_taken");
    }
    let done = ward(app.settings(), &["reindex", "--stopped", "--force"]);
    assert!(stdout(&done).contains("under version 2"), "{}", stderr(&done));
    assert_eq!(versions(&app, "chat_sessions", "patient_index").await, [2]);
    assert!(matches!(reindex::phase(&db).await.unwrap(), Phase::Settled { current: 2 }));
}
