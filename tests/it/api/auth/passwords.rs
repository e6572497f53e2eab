//! `/api/auth/password`.

use futures_util::future::join_all;
use serde_json::json;
use tests::{Services, TestApp};

use super::column;
use super::enrolled::enrol_codes;
use super::people::*;

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
