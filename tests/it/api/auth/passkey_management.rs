//! `/api/auth/passkeys`: a user's own, seen, named and removed.

use serde_json::{Value, json};
use tests::TestApp;

use super::{PASSKEY_OPTIONS, PASSKEYS, column, passkey_ids, until_waiting};

#[tokio::test]
async fn the_list_tells_names_flags_and_what_the_password_manager_needs() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    browser.authenticator.backup_eligible = true;
    browser.register("ada").await;
    browser.authenticator.backup_eligible = false;
    app.clock.advance(60);
    let added = browser.add_passkey("  Blue key ").await;
    assert_eq!(added.status, 201, "{}", added.text());
    assert_eq!(added.json()["session_ended"], false);
    app.clock.advance(60);
    browser.sign_in().await;

    let list = browser.get(PASSKEYS).await.json();
    let held: Vec<_> = browser.authenticator.credentials.iter().map(|credential| credential.id.clone()).collect();
    let passkeys = list["passkeys"].as_array().unwrap();
    assert_eq!(passkeys.len(), 2);
    assert_eq!(passkeys[0]["name"], Value::Null);
    assert_eq!(passkeys[0]["credential_id"], held[0]);
    assert_eq!((&passkeys[0]["backup_eligible"], &passkeys[0]["backup_state"]), (&json!(true), &json!(false)));
    assert_eq!(passkeys[0]["created_at"], "2026-03-14T15:09:26Z");
    assert_eq!(passkeys[0]["last_used_at"], Value::Null);
    assert_eq!(passkeys[1]["id"], added.json()["id"]);
    assert_eq!(passkeys[1]["name"], "Blue key");
    assert_eq!(passkeys[1]["credential_id"], held[1]);
    assert_eq!(passkeys[1]["backup_eligible"], false);
    assert_eq!(passkeys[1]["created_at"], "2026-03-14T15:10:26Z");
    assert_eq!(passkeys[1]["last_used_at"], "2026-03-14T15:11:26Z");
    assert_eq!(
        list["signal"],
        json!({
            "rp_id": "localhost", "user_id": browser.authenticator.credentials[0].user_handle,
            "accepted_credential_ids": held, "name": "ada", "display_name": "Display ada",
        })
    );
}

#[tokio::test]
async fn each_users_passkeys_are_their_own() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    grace.add_passkey("other").await;
    let (hers, theirs) = (passkey_ids(&mut ada).await, passkey_ids(&mut grace).await);
    assert_eq!((hers.len(), theirs.len()), (1, 2));
    for id in [theirs[0].as_str(), "01890000-0000-7000-8000-000000000000", "x", "%00"] {
        let path = format!("{PASSKEYS}/{id}");
        let renamed = ada.patch(&path, json!({"name": "mine"})).await;
        assert_eq!((renamed.status.as_u16(), renamed.code().as_str()), (404, "not_found"), "{id}");
        let removed = ada.delete(&path).await;
        assert_eq!((removed.status.as_u16(), removed.code().as_str()), (404, "not_found"), "{id}");
    }
    assert_eq!(passkey_ids(&mut grace).await, theirs);
    assert_eq!(grace.get(PASSKEYS).await.json()["passkeys"][0]["name"], Value::Null);
    assert!(
        column(&app, "SELECT event_type FROM security_events WHERE event_type = 'passkey_removed'").await.is_empty()
    );
}

#[tokio::test]
async fn adding_and_removing_need_a_recent_factor() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    browser.add_passkey("spare").await;
    let path = format!("{PASSKEYS}/{}", passkey_ids(&mut browser).await[1]);
    app.clock.advance(14 * 60);
    let options = browser.post(PASSKEY_OPTIONS, Value::Null).await.json();
    app.clock.advance(61);
    let credential = app.browser().authenticator.create(&options);
    let body = json!({"name": "x", "credential": credential});
    assert_eq!(browser.post(PASSKEY_OPTIONS, Value::Null).await.code(), "step_up_required");
    let added = browser.post(PASSKEYS, body.clone()).await;
    assert_eq!((added.status.as_u16(), added.code().as_str()), (403, "step_up_required"));
    assert_eq!(browser.delete(&path).await.code(), "step_up_required");
    // A name is no way in.
    assert_eq!(browser.patch(&path, json!({"name": "y"})).await.status, 204);

    assert_eq!(browser.step_up().await.status, 200);
    assert_eq!(browser.post(PASSKEYS, body).await.status, 201, "the refusal has not used the challenge up");
    assert_eq!(browser.delete(&path).await.status, 204);
}

#[tokio::test]
async fn a_passkey_takes_another_name() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let path = format!("{PASSKEYS}/{}", passkey_ids(&mut browser).await[0]);
    assert_eq!(browser.patch(&path, json!({"name": "Télécran"})).await.status, 204);
    assert_eq!(browser.get(PASSKEYS).await.json()["passkeys"][0]["name"], "Télécran");
}

#[tokio::test]
async fn renaming_refuses_a_malformed_name() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let path = format!("{PASSKEYS}/{}", passkey_ids(&mut browser).await[0]);
    for (body, status, code) in [
        (json!({"name": ""}), 400, "invalid_name"),
        (json!({"name": "a\nb"}), 400, "invalid_name"),
        (json!({"name": "x".repeat(65)}), 400, "invalid_name"),
        (json!({"name": 1}), 422, "invalid_body"),
        (json!({"name": "x", "sign_count": 1}), 422, "invalid_body"),
    ] {
        let answer = browser.patch(&path, body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code));
    }
}

#[tokio::test]
async fn a_removed_passkey_signs_nobody_in() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    browser.add_passkey("spare").await;
    let path = format!("{PASSKEYS}/{}", passkey_ids(&mut browser).await[1]);
    assert_eq!(browser.delete(&path).await.status, 204);
    assert_eq!(browser.delete(&path).await.status, 404, "it is gone");
    let signal = browser.get(PASSKEYS).await.json()["signal"]["accepted_credential_ids"].clone();
    assert_eq!(signal, json!([browser.authenticator.credentials[0].id]));
    let removed = "SELECT severity FROM security_events WHERE event_type = 'passkey_removed'";
    assert_eq!(column(&app, removed).await, ["medium"], "the second try removed nothing");

    let mut elsewhere = app.browser();
    elsewhere.authenticator = browser.authenticator.clone();
    let answer = elsewhere.sign_in().await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "passkey_unknown"));
    elsewhere.authenticator.credentials.pop();
    assert_eq!(elsewhere.sign_in().await.status, 200);
}

#[tokio::test]
async fn the_last_way_to_sign_in_stays() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let path = format!("{PASSKEYS}/{}", passkey_ids(&mut browser).await[0]);
    let answer = browser.delete(&path).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "last_way_to_sign_in"));
    assert_eq!(passkey_ids(&mut browser).await.len(), 1);
    assert!(column(&app, "SELECT event_type FROM security_events").await.is_empty(), "nothing happened");
    assert_eq!(browser.sign_in().await.status, 200);
    // A backup code is no way to sign in by itself; a password is.
    let database = app.superuser().await;
    let code = "INSERT INTO backup_codes SELECT gen_random_uuid(), id, 'x', created_at FROM users";
    database.batch_execute(code).await.unwrap();
    assert_eq!(browser.delete(&path).await.code(), "last_way_to_sign_in");
    let password = "INSERT INTO passwords SELECT id, 'x', true, created_at FROM users";
    database.batch_execute(password).await.unwrap();
    assert_eq!(browser.delete(&path).await.status, 204);
}

#[tokio::test]
async fn of_two_who_remove_the_last_two_passkeys_one_succeeds() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    browser.add_passkey("spare").await;
    let paths: Vec<_> = passkey_ids(&mut browser).await.iter().map(|id| format!("{PASSKEYS}/{id}")).collect();
    // The account is held until both stand before it: then both are in the middle of their transaction.
    let holder = app.superuser().await;
    holder.batch_execute("BEGIN; SELECT id FROM users FOR NO KEY UPDATE").await.unwrap();
    let (mut one, mut other) = (browser.clone(), browser.clone());
    let release = async {
        until_waiting(&app, 2).await;
        holder.batch_execute("COMMIT").await.unwrap();
    };
    let (one, other, ()) = tokio::join!(one.delete(&paths[0]), other.delete(&paths[1]), release);
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
    assert_eq!(passkey_ids(&mut browser).await.len(), 1);
}
