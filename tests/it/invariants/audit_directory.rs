//! Every access to the directory of operators and to the account itself writes its audit row.

use axum::http::Method;
use serde_json::json;
use tests::TestApp;

use super::audit::actions;

#[tokio::test]
async fn each_access_to_the_directory_and_the_account_leaves_its_row() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let added = admin.post("/api/operators", json!({"name": "Clinic", "contacts": [{"name": "Ada"}]})).await.json();
    let path = format!("/api/operators/{}", added["id"].as_str().unwrap());
    for _ in 0..3 {
        admin.get("/api/operators").await;
    }
    admin.post("/api/operators/search", json!({"email": "a@b.example"})).await;
    admin.get(&path).await;
    admin.patch(&path, json!({"name": "Other"})).await;
    admin.delete(&path).await;
    let row = |(action, times): (&str, i64)| (action.to_owned(), times);
    let expected = [
        ("operator.create", 1),
        ("operator.delete", 1),
        // Twice it came from the cache: docs/adr/0009.
        ("operator.list", 1),
        ("operator.read", 3),
        ("operator.search", 1),
        ("operator.update", 1),
    ];
    assert_eq!(actions(&app, "operator.%").await, expected.map(row));

    let mut ada = app.signed_in("ada").await;
    let consent = json!({"purpose": "research", "version": "1", "text_sha256": "0".repeat(64)});
    ada.post("/api/account/consents", consent).await;
    ada.delete("/api/account/consents/research").await;
    ada.get("/api/account/consents").await;
    ada.get("/api/account/access-log").await;
    ada.get("/api/account").await;
    let body = Some(("application/json", br#"{"username": "ada"}"#.to_vec()));
    assert_eq!(ada.send(Method::DELETE, "/api/account", body).await.status, 202);
    assert_eq!(ada.sign_in().await.status, 200);
    ada.post("/api/account/deletion/cancel", json!(null)).await;
    let one = |action| row((action, 1));
    let account = ["access_log.read", "deletion.cancel", "deletion.request", "read"];
    assert_eq!(actions(&app, "account.%").await, account.map(|name| row((&format!("account.{name}"), 1))));
    assert_eq!(actions(&app, "consent.%").await, ["consent.give", "consent.list", "consent.withdraw"].map(one));
}
