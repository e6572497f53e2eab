//! `/api/auth/factors`.

use axum::http::Method;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Browser, Services, TestApp};

use super::enrolled::{
    add_address, add_unproved, answer, begin_totp, challenge, codes, enrol_codes, enrol_totp, log_in, post, step_up,
};
use super::people::{PASSWORD, refusal, user};
use super::{column, second_browser};

const FACTORS: &str = "/api/auth/factors";
const TOTP: &str = "/api/auth/factors/totp";
const CONFIRM: &str = "/api/auth/factors/totp/confirm";
const RENEW: &str = "/api/auth/factors/backup-codes";

pub async fn list(browser: &mut Browser) -> Value {
    let answer = browser.get(FACTORS).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[tokio::test]
async fn the_list_tells_what_the_account_has() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    let nothing = json!({"totp": null, "email": null, "sms": null, "backup_codes_left": 0, "passkeys": 0,
        "password": true, "required": false});
    assert_eq!(list(&mut browser).await, nothing);
    begin_totp(&mut browser).await;
    assert_eq!(list(&mut browser).await, nothing, "what is not confirmed does not count");

    let (totp, _) = enrol_totp(&app, &mut browser).await;
    let mut grace = user(&app, "grace").await;
    assert_eq!(list(&mut grace).await, nothing);
    assert_eq!(step_up(&mut browser, "totp", &totp.code(&app)).await.status, 200);
    let factors = list(&mut browser).await;
    let times = json!({"confirmed_at": "2026-03-14T15:09:26Z", "last_used_at": "2026-03-14T15:09:56Z"});
    assert_eq!((&factors["totp"], &factors["backup_codes_left"]), (&times, &json!(10)));
}

#[tokio::test]
async fn an_app_is_enrolled_by_a_code_of_it() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    let begun = browser.post(TOTP, Value::Null).await;
    assert_eq!(begun.status, 201);
    let (begun, secret) = (begun.json(), begun.json()["secret"].as_str().unwrap().to_owned());
    assert_eq!(secret.len(), 32, "160 bits");
    let uri: url::Url = begun["uri"].as_str().unwrap().parse().unwrap();
    assert_eq!((uri.scheme(), uri.host_str()), ("otpauth", Some("totp")));
    assert!(uri.path().ends_with(":ada"), "{uri}");
    let query: std::collections::BTreeMap<_, _> = uri.query_pairs().into_owned().collect();
    assert_eq!(query["secret"], secret);
    assert_eq!(query["issuer"], app.platform.settings.relying_party.name);
    for (name, usual) in [("algorithm", "SHA1"), ("digits", "6"), ("period", "30")] {
        assert!(query.get(name).is_none_or(|value| value == usual), "{uri}");
    }
    assert!(begun["qr_svg"].as_str().unwrap().contains("<svg"));

    let totp = super::enrolled::AuthenticatorApp { secret };
    assert_eq!(refusal(&browser.post(CONFIRM, json!({"code": totp.wrong(&app)})).await), (400, "code_invalid".into()));
    let confirmed = post(&mut browser, CONFIRM, json!({"code": totp.code(&app)})).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.text());
    let backup = codes(&confirmed);
    assert_eq!(backup.len(), 10);
    assert!(backup.iter().all(|code| code.len() == 11 && code.as_bytes()[5] == b'-'), "{backup:?}");
    assert_eq!(column(&app, "SELECT octet_length(code_mac)::text FROM backup_codes").await, ["17"; 10]);
    let session = browser.get("/api/auth/me").await.json()["session"].clone();
    assert_eq!((&session["assurance"], &session["methods"]), (&json!("aal2"), &json!(["pwd", "otp"])));
    let events =
        "SELECT event_type || ' ' || (details ->> 'factor') FROM security_events WHERE event_type LIKE 'factor%'";
    assert_eq!(column(&app, events).await, ["factor_added totp"]);

    // The code that confirmed it is used; and one app is enough.
    let challenge = challenge(&mut app.browser(), "ada").await;
    assert_eq!(answer(&mut app.browser(), &challenge, "totp", &totp.code(&app)).await.code(), "code_invalid");
    assert_eq!(refusal(&browser.post(TOTP, Value::Null).await), (409, "factor_enrolled".into()));
    assert_eq!(browser.post(CONFIRM, json!({"code": totp.code_in(&app, 30)})).await.code(), "code_invalid");
}

#[tokio::test]
async fn a_username_can_not_write_into_the_uri() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "Evil:ada?secret=AAAA&issuer=x#/%3F é<").await;
    let begun = browser.post(TOTP, Value::Null).await.json();
    let uri: url::Url = begun["uri"].as_str().unwrap().parse().unwrap();
    let query: Vec<_> = uri.query_pairs().filter(|(name, _)| name == "secret" || name == "issuer").collect();
    assert_eq!(query.len(), 2, "{uri}");
    assert!(query.iter().any(|(_, value)| *value == *begun["secret"].as_str().unwrap()));
    assert_eq!(uri.fragment(), None);
    assert!(!begun["qr_svg"].as_str().unwrap().contains("ada"));
}

#[tokio::test]
async fn enrolling_ends_the_old_token_and_weaker_sessions() {
    enrolling_ends(&TestApp::new().await).await;
}

#[tokio::test]
async fn enrolling_ends_the_old_token_and_weaker_sessions_with_redis() {
    let redis = format!("redis+unix://{}", Services::get().redis_socket().display());
    enrolling_ends(&TestApp::with(&[("REDIS_URL", &redis)]).await).await;
}

async fn enrolling_ends(app: &TestApp) {
    let mut browser = user(app, "ada").await;
    let mut weak = app.browser();
    assert_eq!(log_in(&mut weak, "ada").await.status, 200);
    let mut grace = user(app, "grace").await;
    for browser in [&mut browser, &mut weak, &mut grace] {
        assert_eq!(browser.get("/api/auth/me").await.status, 200);
    }
    let mut before = browser.clone();
    enrol_totp(app, &mut browser).await;
    assert_ne!(before.cookies["__Host-ward_session"], browser.cookies["__Host-ward_session"]);
    assert_eq!(before.get("/api/auth/me").await.status, 401);
    assert_eq!(weak.get("/api/auth/me").await.status, 401);
    assert_eq!(browser.get("/api/auth/me").await.status, 200);
    assert_eq!(
        browser.post("/api/storage/set", json!({"key": "k", "value": 1})).await.status,
        200,
        "its CSRF token is new"
    );
    assert_eq!(grace.get("/api/auth/me").await.status, 200);
}

#[tokio::test]
async fn a_session_in_tokens_gets_a_new_access_token() {
    let app = TestApp::new().await;
    let browser = app.browser();
    let body = json!({"username": "ada", "display_name": "ada", "password": PASSWORD, "session": "token"});
    let tokens = browser.clone().post("/api/auth/register", body).await.json();
    let old = tokens["access_token"].as_str().unwrap();
    let send = async |token: &str, path: &str, body: Value| {
        super::enrolled::with_token(&browser, token, Method::POST, path, body).await
    };
    let secret = send(old, TOTP, json!(null)).await.json()["secret"].as_str().unwrap().to_owned();
    let totp = super::enrolled::AuthenticatorApp { secret };
    app.clock.advance(60);
    let confirmed = send(old, CONFIRM, json!({"code": totp.code(&app)})).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.text());
    assert!(!confirmed.headers.contains_key("set-cookie"));
    let new = confirmed.json()["access_token"].as_str().unwrap().to_owned();
    let claims = |token: &str| super::factor_step_up::claims(token);
    assert_eq!((&claims(old)["acr"], &claims(&new)["acr"]), (&json!("aal1"), &json!("aal2")));
    assert_eq!(claims(&new)["auth_time"].as_i64().unwrap() - claims(old)["auth_time"].as_i64().unwrap(), 60);
}

#[tokio::test]
async fn of_parallel_confirmations_one_wins() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    let totp = begin_totp(&mut browser).await;
    let code = totp.code(&app);
    let mut twins = vec![browser; 5];
    let answers = join_all(twins.iter_mut().map(|twin| twin.post(CONFIRM, json!({"code": code})))).await;
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(won, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    assert!(answers.iter().all(|answer| !answer.status.is_server_error()));
    assert_eq!(column(&app, "SELECT id::text FROM backup_codes").await.len(), 10);
}

#[tokio::test]
async fn wrong_codes_at_enrolment_are_counted() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    let totp = begin_totp(&mut browser).await;
    for _ in 0..5 {
        assert_eq!(browser.post(CONFIRM, json!({"code": totp.wrong(&app)})).await.code(), "code_invalid");
    }
    let got = browser.post(CONFIRM, json!({"code": totp.code(&app)})).await;
    assert_eq!(refusal(&got), (429, "sign_in_throttled".into()));
}

#[tokio::test]
async fn renewed_backup_codes_void_the_old() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    assert_eq!(refusal(&browser.post(RENEW, Value::Null).await), (409, "factor_needed".into()));
    let (_, old) = enrol_totp(&app, &mut browser).await;
    let new = codes(&browser.post(RENEW, Value::Null).await);
    assert_eq!(new.len(), 10);
    let mut other = app.browser();
    let there = challenge(&mut other, "ada").await;
    assert_eq!(answer(&mut other, &there, "backup_code", &old[0]).await.code(), "code_invalid");
    assert_eq!(answer(&mut other, &there, "backup_code", &new[0]).await.status, 200);

    // However many ask at once, ten hold.
    let mut twins = vec![browser; 4];
    let answers = join_all(twins.iter_mut().map(|twin| twin.post(RENEW, Value::Null))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(column(&app, "SELECT id::text FROM backup_codes").await.len(), 10);
}

#[tokio::test]
async fn codes_by_message_need_a_proved_address() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    for method in ["email", "sms"] {
        assert_eq!(refusal(&enrol_codes(&mut browser, method).await), (409, "address_unverified".into()));
    }
    add_unproved(&mut browser, "email", "ada@example.org").await;
    assert_eq!(refusal(&enrol_codes(&mut browser, "email").await), (409, "address_unverified".into()));
    add_address(&app, &mut browser, "email", "ada@example.org").await;
    assert_eq!(refusal(&enrol_codes(&mut browser, "sms").await), (409, "address_unverified".into()));
    let before = browser.clone();
    let answer = enrol_codes(&mut browser, "email").await;
    assert_eq!(answer.status, 200);
    assert_eq!(codes(&answer).len(), 10);
    assert_eq!(before.clone().get("/api/auth/me").await.status, 401, "the session has a new token");
    assert_eq!(refusal(&enrol_codes(&mut browser, "email").await), (409, "factor_enrolled".into()));
    for method in ["totp", "backup_code"] {
        assert_eq!(refusal(&enrol_codes(&mut browser, method).await), (400, "factor_not_offered".into()));
    }
    // The second factor brings no further backup codes.
    add_address(&app, &mut browser, "phone", "+254700000001").await;
    let answer = enrol_codes(&mut browser, "sms").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.json()["backup_codes"].is_null());
}

#[tokio::test]
async fn a_removed_factor_is_asked_for_no_more() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    add_address(&app, &mut browser, "email", "ada@example.org").await;
    let (totp, backup) = enrol_totp(&app, &mut browser).await;
    let mut grace = user(&app, "grace").await;
    for method in ["totp", "email", "backup_code", "pigeon"] {
        let answer = grace.delete(&format!("{FACTORS}/{method}")).await;
        assert_eq!(refusal(&answer), (404, "not_found".into()), "{method}");
    }
    assert_eq!(browser.delete(TOTP).await.status, 204);
    assert_eq!(browser.delete(TOTP).await.status, 404);
    assert_eq!(list(&mut browser).await["backup_codes_left"], 0);
    assert_eq!(log_in(&mut app.browser(), "ada").await.status, 200);
    for (method, code) in [("totp", totp.code(&app)), ("backup_code", backup[0].clone())] {
        assert_eq!(step_up(&mut browser, method, &code).await.code(), "code_invalid");
    }
    let notices: Vec<_> = app.outbox().into_iter().filter(|sent| sent.template == "notice").collect();
    assert!(notices[0].subject.as_ref().unwrap().contains("the authenticator app was removed"), "{notices:?}");
    assert!(notices[1].subject.as_ref().unwrap().contains("an authenticator app was added"));
}

#[tokio::test]
async fn factors_are_each_users_own() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let mut grace = user(&app, "grace").await;
    let begun = begin_totp(&mut ada).await;
    assert_eq!(grace.post(CONFIRM, json!({"code": begun.code(&app)})).await.code(), "code_invalid");
    add_address(&app, &mut grace, "email", "grace@example.org").await;
    assert_eq!(refusal(&enrol_codes(&mut ada, "email").await), (409, "address_unverified".into()));
    enrol_totp(&app, &mut ada).await;
    assert_eq!(list(&mut grace).await["totp"], Value::Null);
    // A passkey needs no second factor.
    second_browser(&app, &ada).await;
}

#[tokio::test]
async fn factors_refuse_a_malformed_body() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    for (path, body) in [
        (CONFIRM, json!({})),
        (CONFIRM, json!({"code": 123_456})),
        (CONFIRM, json!({"code": "123456", "user_id": "x"})),
        ("/api/auth/factors/codes", json!({})),
        ("/api/auth/factors/codes", json!({"method": "pigeon"})),
        ("/api/auth/factors/codes", json!({"method": "email", "address": "eve@example.org"})),
    ] {
        assert_eq!(refusal(&browser.post(path, body.clone()).await), (422, "invalid_body".into()), "{body}");
    }
    begin_totp(&mut browser).await;
    for code in ["", "abcdef", "1234567", "١٢٣٤٥٦", &"9".repeat(10_000)] {
        assert_eq!(browser.post(CONFIRM, json!({"code": code})).await.status, 400, "{code:.10}");
    }
}
