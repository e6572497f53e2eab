//! `/api/auth/login` and `/api/auth/password`.

use futures_util::future::join_all;
use serde_json::json;
use shared::vault::Field;
use tests::{Services, TestApp};
use uuid::Uuid;

use super::column;
use super::enrolled::enrol_codes;
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

const NEW: &str = "nine brave herons over marshland";

#[tokio::test]
async fn a_change_needs_the_current_password() {
    let app = TestApp::new().await;
    let mut browser = user_at(&app, "ada", "email", "ada@example.org").await;
    app.clock.advance(1);
    let before = app.outbox().len();
    let missing = change(&mut browser, None, NEW).await;
    refused(&missing, 400, "password_needed");
    refused(&change(&mut browser, Some(WRONG), NEW).await, 400, "password_wrong");
    refused(&change(&mut browser, Some(PASSWORD), "otters").await, 400, "password_too_short");
    refused(&change(&mut browser, Some(PASSWORD), "ada@example.org").await, 400, "password_too_weak");
    assert_eq!(app.outbox().len(), before);
    assert_eq!(change(&mut browser, Some(PASSWORD), NEW).await.status, 204);
    let notice = app.outbox()[0].clone();
    assert_eq!((notice.to.as_str(), notice.template.as_str()), ("ada@example.org", "notice"));
    assert!(notice.text.contains("your password was changed"), "{}", notice.text);
    assert_eq!(browser.get("/api/auth/me").await.status, 200, "the session that asked goes on");
    refused(&login(&mut app.browser(), "ada", PASSWORD).await, 401, "credentials_invalid");
    assert_eq!(login(&mut app.browser(), "ada", NEW).await.status, 200);
    let events = "SELECT event_type FROM security_events WHERE event_type LIKE 'password%'";
    assert_eq!(column(&app, events).await, ["password_changed"]);
    let sealed = column(&app, "SELECT encode(hash, 'escape') FROM passwords").await;
    assert!(!sealed[0].contains("argon2"), "sealed");
}

#[tokio::test]
async fn a_wrong_current_password_is_an_attempt() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    for _ in 0..5 {
        refused(&change(&mut browser, Some(WRONG), NEW).await, 400, "password_wrong");
    }
    refused(&change(&mut browser, Some(PASSWORD), NEW).await, 429, "sign_in_throttled");
    assert_eq!(column(&app, "SELECT count(*)::text FROM login_attempts WHERE result = 'wrong_password'").await, ["5"]);
    app.clock.advance(900);
    assert_eq!(change(&mut browser, Some(PASSWORD), NEW).await.status, 204);
}

#[tokio::test]
async fn a_change_refuses_a_malformed_body() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    for body in [json!({}), json!({"new_password": 1}), json!({"new_password": NEW, "user_id": "x"})] {
        let body = Some(("application/json", body.to_string().into_bytes()));
        refused(&browser.send(axum::http::Method::PUT, PASSWORD_PATH, body).await, 422, "invalid_body");
    }
    refused(&change(&mut browser, Some(PASSWORD), &"x".repeat(1_025)).await, 400, "password_too_long");
    browser.csrf = None;
    refused(&change(&mut browser, Some(PASSWORD), NEW).await, 403, "csrf_token_invalid");
    refused(&browser.delete(PASSWORD_PATH).await, 403, "csrf_token_invalid");
    assert_eq!(login(&mut app.browser(), "ada", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn one_users_password_is_none_of_anothers() {
    let app = TestApp::new().await;
    user(&app, "ada").await;
    let mut eve = app.browser();
    let own = "twelve silver kettles on a shelf";
    signed_in(&mut eve, REGISTER, with(names("eve"), "password", own), 201).await;
    refused(&change(&mut eve, Some(PASSWORD), NEW).await, 400, "password_wrong");
    assert_eq!(change(&mut eve, Some(own), NEW).await.status, 204);
    assert_eq!(login(&mut app.browser(), "ada", PASSWORD).await.status, 200);
    refused(&login(&mut app.browser(), "ada", NEW).await, 401, "credentials_invalid");
    assert_eq!(eve.add_passkey("key").await.status, 201);
    eve.lose_session();
    assert_eq!(eve.sign_in().await.status, 200);
    assert_eq!(eve.delete(PASSWORD_PATH).await.status, 204);
    assert_eq!(login(&mut app.browser(), "ada", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn the_last_five_passwords_do_not_come_back() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    let words = ["herons", "badgers", "magpies", "lizards", "beetles"];
    let numbered: Vec<String> = words.iter().map(|word| format!("{word} knit violet hammocks")).collect();
    let mut current = PASSWORD.to_owned();
    for (at, next) in numbered.iter().enumerate() {
        app.clock.advance(1);
        if at > 0 {
            refused(&change(&mut browser, Some(&current), PASSWORD).await, 400, "password_reused");
        }
        refused(&change(&mut browser, Some(&current), &current).await, 400, "password_reused");
        let answer = change(&mut browser, Some(&current), next).await;
        assert_eq!(answer.status, 204, "{}", answer.text());
        current = next.clone();
    }
    // Five others have come since.
    app.clock.advance(1);
    assert_eq!(change(&mut browser, Some(&current), PASSWORD).await.status, 204);
    refused(&change(&mut browser, Some(PASSWORD), &numbered[1]).await, 400, "password_reused");
    assert_eq!(change(&mut browser, Some(PASSWORD), &numbered[0]).await.status, 204);
}

#[tokio::test]
async fn other_sessions_end_with_the_old_password() {
    let redis = format!("redis+unix://{}", Services::get().redis_socket().display());
    for settings in [vec![], vec![("REDIS_URL", redis.as_str())]] {
        let app = TestApp::with(&settings).await;
        let mut browser = user(&app, "ada").await;
        let (mut other, mut phone) = (app.browser(), app.browser());
        assert_eq!(login(&mut other, "ada", PASSWORD).await.status, 200);
        let body = json!({"username": "ada", "password": PASSWORD, "session": "token"});
        let tokens = phone.post(LOGIN, body).await.json();
        assert_eq!(other.get("/api/auth/me").await.status, 200);
        assert_eq!(change(&mut browser, Some(PASSWORD), NEW).await.status, 204);
        assert_eq!(other.get("/api/auth/me").await.status, 401, "the very next request");
        let refresh = json!({"refresh_token": tokens["refresh_token"]});
        assert_eq!(phone.post("/api/auth/refresh", refresh).await.status, 401);
        assert_eq!(browser.get("/api/auth/me").await.status, 200);
        assert_eq!(column(&app, "SELECT event FROM session_audits WHERE event = 'revoked'").await.len(), 2);
    }
}

#[tokio::test]
async fn the_first_password_of_a_passkeys_account_needs_a_step_up() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    app.clock.advance(901);
    refused(&change(&mut browser, None, NEW).await, 403, "step_up_required");
    refused(&change(&mut browser, Some(NEW), NEW).await, 403, "step_up_required");
    refused(&browser.delete(PASSWORD_PATH).await, 403, "step_up_required");
    assert_eq!(browser.step_up().await.status, 200);
    refused(&browser.delete(PASSWORD_PATH).await, 404, "not_found");
    assert_eq!(change(&mut browser, None, NEW).await.status, 204);
    assert_eq!(login(&mut app.browser(), "ada", NEW).await.status, 200);
}

#[tokio::test]
async fn the_last_way_to_sign_in_stays() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    refused(&browser.delete(PASSWORD_PATH).await, 409, "last_way_to_sign_in");
    assert_eq!(login(&mut app.browser(), "ada", PASSWORD).await.status, 200);
    assert_eq!(browser.get("/api/auth/me").await.status, 200);
    // An account with a passkey has a stronger factor: that one has to be shown.
    assert_eq!(browser.add_passkey("key").await.status, 201);
    browser.lose_session();
    signed_in(&mut browser, LOGIN, json!({"username": "ada", "password": PASSWORD}), 200).await;
    refused(&browser.delete(PASSWORD_PATH).await, 403, "step_up_required");
    assert_eq!(browser.step_up().await.status, 200);
    assert_eq!(browser.delete(PASSWORD_PATH).await.status, 204);
    refused(&login(&mut app.browser(), "ada", PASSWORD).await, 401, "credentials_invalid");
    browser.lose_session();
    assert_eq!(browser.sign_in().await.status, 200);
    // It is remembered even so.
    refused(&change(&mut browser, None, PASSWORD).await, 400, "password_reused");
}

#[tokio::test]
async fn a_sign_in_that_a_change_overtakes_begins_no_session() {
    let app = TestApp::with(&[("WARD_LIMIT_SIGN_IN", "100")]).await;
    let mut browser = user(&app, "ada").await;
    let mut others: Vec<_> = (0..12).map(|_| app.browser()).collect();
    let sign_ins = join_all(others.iter_mut().map(|other| login(other, "ada", PASSWORD)));
    let (changed, answers) = tokio::join!(change(&mut browser, Some(PASSWORD), NEW), sign_ins);
    assert_eq!(changed.status, 204, "{}", changed.text());
    assert!(answers.iter().all(|answer| [200, 401, 409].contains(&answer.status.as_u16())));
    for other in &mut others {
        assert_eq!(other.get("/api/auth/me").await.status, 401);
    }
    assert_eq!(column(&app, "SELECT count(*)::text FROM sessions WHERE revoked_at IS NULL").await, ["1"]);
}

#[tokio::test]
async fn a_second_factor_does_not_end_what_an_old_password_began() {
    let app = TestApp::new().await;
    let mut browser = user_at(&app, "ada", "email", "ada@example.org").await;
    enrol_codes(&mut browser, "email").await;
    let mut thief = app.browser();
    let due = login(&mut thief, "ada", PASSWORD).await;
    assert_eq!(due.status, 202, "{}", due.text());
    let challenge = due.json()["second_factor"]["challenge"].clone();
    let sent = json!({"challenge": challenge, "method": "email"});
    app.clock.advance(1);
    assert_eq!(thief.post("/api/auth/second-factor/send", sent).await.status, 202);
    let code = code(&app);
    assert_eq!(change(&mut browser, Some(PASSWORD), NEW).await.status, 204);
    let answer = json!({"challenge": challenge, "method": "email", "code": code});
    refused(&thief.post("/api/auth/second-factor", answer).await, 409, "account_changed");
    assert_eq!(thief.get("/api/auth/me").await.status, 401);
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
