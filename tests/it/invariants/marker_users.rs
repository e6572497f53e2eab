//! What an administrator does, for the walk of the marker.

use serde_json::json;
use tests::TestApp;

use super::marker::MARKER;

/// What an administrator does; gives the secrets that came of it.
pub async fn administer(app: &TestApp, username: &str) -> Vec<String> {
    let mut admin = app.administrator(username).await;
    let email = format!("{MARKER}.invited@example.org");
    let invitation =
        json!({"username": format!("invited {MARKER}"), "display_name": MARKER, "email": email, "role": "user"});
    let invited = admin.post("/api/users", invitation.clone()).await;
    assert_eq!(invited.status, 201, "{}", invited.text());
    let user = format!("/api/users/{}", invited.json()["id"].as_str().unwrap());
    let answers = [
        admin.post("/api/users/search", json!({"username": format!("invited {MARKER}")})).await,
        admin.post("/api/users/search", json!({"email": format!("{MARKER}.invited@example.org")})).await,
        admin.get(&user).await,
        admin.post(&format!("{user}/invitation"), json!(null)).await,
        admin.patch(&user, json!({"role": "auditor", "status": "disabled"})).await,
        admin.delete(&format!("{user}/sessions")).await,
    ];
    assert!(answers.iter().all(|answer| answer.status.is_success()));
    for refusal in [
        admin.post("/api/users", invitation).await,
        admin.post("/api/users/search", json!({"email": MARKER})).await,
        admin.get(&format!("/api/users?cursor={MARKER}")).await,
        admin.get(&format!("/api/users/{MARKER}")).await,
        admin.patch(&user, json!({"role": MARKER})).await,
    ] {
        assert!(refusal.status.is_client_error());
        assert!(!refusal.text().contains(MARKER), "{}", refusal.text());
    }
    let tokens = app.outbox().into_iter().filter(|sent| sent.template == "invitation");
    let tokens = tokens.filter_map(|sent| Some(sent.link?.split_once("token=")?.1.to_owned()));
    let secrets: Vec<_> = tokens.chain([admin.cookies["__Host-ward_session"].clone()]).collect();
    assert_eq!(secrets.len(), 3);
    secrets
}
