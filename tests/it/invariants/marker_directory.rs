//! The directory's contacts and the account's own routes, for the walk of the marker.

use axum::http::Method;
use serde_json::json;
use tests::{Answer, Browser, TestApp};

use super::marker::MARKER;

/// What may hold a person's data goes in with the marker; what refuses it never repeats it. At its end the browser's user
/// has asked for the account's deletion and taken it back.
pub async fn walk(app: &TestApp, browser: &mut Browser) {
    let mut admin = app.administrator("director").await;
    let email = format!("{MARKER}@clinic.example");
    let contact =
        json!({"name": format!("Contact {MARKER}"), "role": MARKER, "email": email, "phone": "+41 44 000 00 00"});
    let made = admin.post("/api/operators", json!({"name": "Clinic", "contacts": [contact]})).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let path = format!("/api/operators/{}", made.json()["id"].as_str().unwrap());
    let consent = json!({"purpose": "research", "version": "1", "text_sha256": "0".repeat(64)});
    for answer in [
        browser.get(&path).await,
        browser.get("/api/operators").await,
        browser.get(&format!("/api/operators?q={MARKER}")).await,
        browser.get(&format!("/api/operators?q={MARKER}")).await,
        browser.post("/api/operators/search", json!({ "email": email })).await,
        admin.patch(&path, json!({"contacts": [{"name": MARKER}, {"name": "B", "email": email}]})).await,
        browser.post("/api/account/consents", consent).await,
        browser.get("/api/account/consents").await,
        browser.get("/api/account/access-log").await,
        browser.get("/api/account").await,
    ] {
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let delete = async |browser: &mut Browser, body: serde_json::Value| -> Answer {
        let body = Some(("application/json", body.to_string().into_bytes()));
        browser.send(Method::DELETE, "/api/account", body).await
    };
    for refusal in [
        admin.post("/api/operators", json!({"name": MARKER.repeat(30)})).await,
        admin.patch(&path, json!({ MARKER: 1 })).await,
        admin.patch(&path, json!({"contacts": [{"name": "a", "email": MARKER}]})).await,
        admin.patch(&path, json!({"contacts": [{"name": "a", "phone": MARKER}]})).await,
        browser.post("/api/operators/search", json!({ "email": MARKER })).await,
        browser.get(&format!("/api/operators?cursor={MARKER}")).await,
        browser.get(&format!("/api/operators/{MARKER}")).await,
        browser.post("/api/account/consents", json!({"purpose": format!("{MARKER} x")})).await,
        browser.delete(&format!("/api/account/consents/{MARKER}")).await,
        browser.get(&format!("/api/account/access-log?action={MARKER}%20x")).await,
        delete(browser, json!({ "username": MARKER })).await,
        delete(browser, json!({ MARKER: 1 })).await,
    ] {
        assert!(refusal.status.is_client_error(), "{}", refusal.text());
        assert!(!refusal.text().contains(MARKER), "{}", refusal.text());
    }
    assert_eq!(delete(browser, json!({"username": format!("user {MARKER}")})).await.status, 202);
    assert_eq!(browser.sign_in().await.status, 200);
    assert_eq!(browser.post("/api/account/deletion/cancel", json!(null)).await.status, 204);
}
