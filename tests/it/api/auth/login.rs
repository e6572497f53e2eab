//! `/api/auth/login`.

use futures_util::future::join_all;
use serde_json::json;
use shared::vault::Field;
use tests::TestApp;
use uuid::Uuid;

use super::column;
use super::people::*;

#[tokio::test]
async fn a_name_an_email_address_and_a_phone_number_sign_in() {
    let app = TestApp::new().await;
    let id = user_at(&app, "Ada", "email", "ada@example.org").await.get("/api/auth/me").await.json()["user"].clone();
    user_at(&app, "grace", "phone", "+254700000001").await;
    for (kind, name, expected) in [
        ("username", "Ada", "Ada"),
        ("username", "aDA", "Ada"),
        ("username", "  ada ", "Ada"),
        ("email", "ada@example.org", "Ada"),
        ("email", " ADA@Example.ORG", "Ada"),
        ("phone", "+254700000001 ", "grace"),
    ] {
        let mut browser = app.browser();
        let body = signed_in(&mut browser, LOGIN, json!({kind: name, "password": PASSWORD}), 200).await;
        assert_eq!(body["user"]["username"], expected, "{name}");
        assert_eq!(browser.get("/api/auth/me").await.json()["user"]["username"], expected);
    }
    assert_eq!(id["username"], "Ada");
}

#[tokio::test]
async fn a_session_is_a_cookie_or_tokens() {
    let app = TestApp::new().await;
    user(&app, "ada").await;
    let mut browser = app.browser();
    let answer = login(&mut browser, "ada", PASSWORD).await;
    assert_eq!(answer.status, 200);
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    let session = cookies.iter().find(|cookie| cookie.starts_with("__Host-ward_session=")).unwrap();
    for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=86400"] {
        assert!(session.contains(attribute), "{session}");
    }
    assert!(answer.json()["access_token"].is_null());

    let mut phone = app.browser();
    let body = json!({"username": "ada", "password": PASSWORD, "session": "token"});
    let tokens = phone.post(LOGIN, body).await.json();
    assert!(tokens["csrf_token"].is_null() && !phone.cookies.contains_key("__Host-ward_session"));
    let token = tokens["access_token"].as_str().unwrap();
    let mut request = app.browser().request(&axum::http::Method::GET, "/api/auth/me", None);
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    let me = phone.send_request(request).await.json();
    assert_eq!((&me["user"]["username"], &me["session"]["kind"]), (&json!("ada"), &json!("bearer")));
}

#[tokio::test]
async fn the_session_before_is_over_and_the_device_is_known_again() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    let mut before = browser.clone();
    signed_in(&mut browser, LOGIN, json!({"username": "ada", "password": PASSWORD}), 200).await;
    assert_eq!(before.get("/api/auth/me").await.status, 401);
    assert_eq!(browser.get("/api/auth/me").await.status, 200);
    assert_eq!(column(&app, "SELECT count(*)::text FROM user_devices").await, ["1"]);
}

#[tokio::test]
async fn login_refuses_a_malformed_body() {
    let app = TestApp::new().await;
    user(&app, "ada").await;
    for (body, status, code) in [
        (json!({"password": PASSWORD}), 400, "identifier_needed"),
        (json!({"username": "ada", "email": "a@b.example", "password": PASSWORD}), 400, "identifier_needed"),
        (json!({"username": "ada"}), 422, "invalid_body"),
        (json!({"username": "ada", "password": PASSWORD, "user_id": "x"}), 422, "invalid_body"),
        (json!({"username": ["ada"], "password": PASSWORD}), 422, "invalid_body"),
        (json!({"username": "ada", "password": "x".repeat(4_097)}), 400, "password_too_long"),
        (json!({"username": "", "password": PASSWORD}), 401, "credentials_invalid"),
        (json!({"username": "a\u{0}da", "password": PASSWORD}), 401, "credentials_invalid"),
        (json!({"email": "nothing", "password": PASSWORD}), 401, "credentials_invalid"),
        (json!({"phone": "0700", "password": PASSWORD}), 401, "credentials_invalid"),
        (json!({"username": "ada", "password": ""}), 401, "credentials_invalid"),
    ] {
        refused(&app.browser().post(LOGIN, body).await, status, code);
    }
    let mut elsewhere = app.browser();
    elsewhere.origin = Some("https://evil.example".into());
    refused(&login(&mut elsewhere, "ada", PASSWORD).await, 403, "cross_site");
}

#[tokio::test]
async fn a_disabled_or_invited_account_hears_so_after_the_right_password_alone() {
    let app = TestApp::new().await;
    user(&app, "ada").await;
    for (status, code) in [("disabled", "account_disabled"), ("invited", "account_invited")] {
        app.superuser().await.execute("UPDATE users SET status = $1", &[&status]).await.unwrap();
        let mut browser = app.browser();
        // Being right is no failure: more often than a guess may fail.
        for _ in 0..6 {
            refused(&login(&mut browser, "ada", PASSWORD).await, 403, code);
        }
        refused(&login(&mut browser, "ada", WRONG).await, 401, "credentials_invalid");
        assert!(!browser.cookies.contains_key("__Host-ward_session"));
        let noted = format!("SELECT count(*)::text FROM login_attempts WHERE result = '{code}'");
        assert_eq!(column(&app, &noted).await, ["6"]);
    }
    assert_eq!(column(&app, "SELECT count(*)::text FROM sessions").await, ["1"], "the one of the registration");
}

/// Puts another system's hash in the place of a user's own.
async fn take_over(app: &TestApp, user_id: &str, hash: &str) {
    let key = app.platform.vault.owner_key(&app.platform.db, Uuid::nil()).await.unwrap();
    let sealed = key.seal(&Field { table: "passwords", column: "hash", row: user_id }, hash.as_bytes()).unwrap();
    let database = app.superuser().await;
    for table in ["passwords", "password_history"] {
        let put = format!("UPDATE {table} SET hash = $1 WHERE user_id::text = $2");
        assert_eq!(database.execute(&put, &[&sealed, &user_id]).await.unwrap(), 1);
    }
}

async fn stored(app: &TestApp, table: &str) -> (Vec<u8>, String) {
    let row = app.superuser().await.query_one(&format!("SELECT hash, user_id::text FROM {table}"), &[]).await.unwrap();
    let (sealed, user_id): (Vec<u8>, String) = (row.get(0), row.get(1));
    let field = Field { table: "passwords", column: "hash", row: &user_id };
    let hash = app.platform.vault.open_any(&app.platform.db, Uuid::nil(), &field, &sealed).await.unwrap();
    (sealed.clone(), String::from_utf8(hash.to_vec()).unwrap())
}

#[tokio::test]
async fn a_hash_of_another_system_is_verified_once_and_made_anew() {
    for (hash, password) in [
        // The vectors of the reference implementations.
        ("$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U"),
        ("$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8", "password"),
        ("$argon2d$v=19$m=256,t=2,p=1$c29tZXNhbHQ$JcTui6RIBUtJ78gE5Hi52CO+H5vS6Z9R1uxAB6OhUB8", "password"),
        ("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password"),
    ] {
        let app = TestApp::new().await;
        let id = user(&app, "ada").await.get("/api/auth/me").await.json()["user"]["id"].clone();
        take_over(&app, id.as_str().unwrap(), hash).await;
        assert_eq!(stored(&app, "passwords").await.1, hash);
        refused(&login(&mut app.browser(), "ada", WRONG).await, 401, "credentials_invalid");
        assert_eq!(stored(&app, "passwords").await.1, hash, "only the right password is hashed anew");
        let answer = login(&mut app.browser(), "ada", password).await;
        assert_eq!(answer.status, 200, "{hash}: {}", answer.text());
        let (sealed, anew) = stored(&app, "passwords").await;
        assert!(anew.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{anew}");
        assert_eq!(stored(&app, "password_history").await.0, sealed);
        assert_eq!(login(&mut app.browser(), "ada", password).await.status, 200);
        assert_eq!(stored(&app, "passwords").await.0, sealed, "once is enough");
    }
}

#[tokio::test]
async fn a_hash_nobody_verifies_is_no_password_and_an_event() {
    let app = TestApp::new().await;
    let id = user(&app, "ada").await.get("/api/auth/me").await.json()["user"]["id"].clone();
    take_over(&app, id.as_str().unwrap(), "$2b$15$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a").await;
    refused(&login(&mut app.browser(), "ada", "U*U*U").await, 401, "credentials_invalid");
    let events = "SELECT event_type FROM security_events WHERE event_type = 'password_hash_unusable'";
    assert_eq!(column(&app, events).await.len(), 1);
}

#[tokio::test]
async fn too_many_at_once_are_told_to_come_back() {
    let app = TestApp::with(&[("WARD_PASSWORD_POOL", "1"), ("WARD_PASSWORD_QUEUE", "1")]).await;
    user(&app, "ada").await;
    let mut browsers: Vec<_> = (0..9).map(|number| stranger(&app, number)).collect();
    let answers = join_all(browsers.iter_mut().map(|browser| login(browser, "ada", PASSWORD))).await;
    let busy: Vec<_> = answers.iter().filter(|answer| answer.status == 503).collect();
    assert!(!busy.is_empty());
    for answer in &busy {
        refused(answer, 503, "busy");
        assert_eq!(answer.headers["retry-after"], "1");
    }
    assert!(answers.iter().filter(|answer| answer.status == 200).count() >= 2);
    let noted = column(&app, "SELECT count(*)::text FROM login_attempts WHERE result = 'busy'").await;
    assert_eq!(noted, [busy.len().to_string()]);
    // What could not be checked was no failure.
    assert_eq!(login(&mut app.browser(), "ada", PASSWORD).await.status, 200);
    let counted = column(&app, "SELECT coalesce(sum(failures), 0)::text FROM sign_in_failures").await;
    assert_eq!(counted, ["0"]);
}
