//! Sessions in tokens: what begins them, what they open, what ends them.

use serde_json::{Value, json};
use tests::{Proxy, Services, Target, TestApp};

use super::clients::{PASSWORD, hold, registered, signed_in, totp_code};
use super::column;

const ME: &str = "/api/auth/me";
const WEEK: i64 = 7 * 24 * 3600;

async fn with_redis() -> TestApp {
    let redis = format!("redis+unix://{}", Services::get().redis_socket().display());
    TestApp::with(&[("REDIS_URL", &redis)]).await
}

#[tokio::test]
async fn each_way_to_sign_in_gives_tokens_where_they_are_asked_for() {
    let app = TestApp::new().await;
    let (passkey, tokens) = registered(&app, "ada").await;
    assert_eq!(tokens["refresh_expires_in"], WEEK);
    let (mut again, other) = signed_in(&app, &passkey).await;
    assert_ne!(tokens["refresh_token"], other["refresh_token"]);
    assert_eq!(again.get(ME).await.json()["session"]["kind"], "bearer");

    let mut client = app.browser();
    client.origin = None;
    let names = json!({"username": "grace", "display_name": "Grace", "password": PASSWORD, "session": "token"});
    let answer = client.post("/api/auth/register", names).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    hold(&mut client, &answer);
    let secret = client.post("/api/auth/factors/totp", Value::Null).await.json()["secret"].clone();
    let secret = secret.as_str().unwrap();
    let code = totp_code(&app, secret).await;
    let enrolled = client.post("/api/auth/factors/totp/confirm", json!({"code": code})).await;
    assert_eq!(enrolled.status, 200, "{}", enrolled.text());
    assert_eq!(client.get(ME).await.json()["session"]["assurance"], "aal2", "the token stays, the session is stronger");

    app.clock.advance(30);
    client.bearer = None;
    let login = json!({"username": "grace", "password": PASSWORD, "session": "token"});
    let challenge = client.post("/api/auth/login", login).await;
    assert_eq!(challenge.status, 202, "{}", challenge.text());
    let challenge = challenge.json()["second_factor"]["challenge"].clone();
    let code = totp_code(&app, secret).await;
    let answer =
        client.post("/api/auth/second-factor", json!({"challenge": challenge, "method": "totp", "code": code})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    hold(&mut client, &answer);
    assert_eq!(client.get(ME).await.json()["session"]["methods"], json!(["pwd", "otp"]));

    let mut other = app.browser();
    let names = json!({"username": "joan", "display_name": "Joan", "password": PASSWORD});
    assert_eq!(other.post("/api/auth/register", names).await.status, 201);
    let mut client = app.browser();
    let login = json!({"username": "joan", "password": PASSWORD, "session": "token"});
    let answer = client.post("/api/auth/login", login).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    hold(&mut client, &answer);
    assert_eq!(client.get(ME).await.json()["user"]["username"], "joan");
}

#[tokio::test]
async fn an_access_token_opens_every_function_without_origin_or_csrf_token() {
    let app = TestApp::new().await;
    let (mut client, _) = registered(&app, "ada").await;
    client.cookies.clear();
    assert_eq!(client.post("/api/storage/set", json!({"key": "k", "value": 1})).await.status, 200);
    assert_eq!(client.get("/api/storage/get?key=k").await.json()["value"], 1);
    assert_eq!(client.post("/api/chats", json!({"title": "t"})).await.status, 201);
    assert_eq!(client.get("/api/usage").await.status, 200);
    assert_eq!(client.get("/api/auth/sessions").await.json()["sessions"][0]["kind"], "bearer");
    assert_eq!(client.post("/api/auth/passkeys/options", Value::Null).await.status, 200);
    // A page of another site can't send the header, so where it comes from says nothing.
    client.origin = Some("https://app.example".into());
    assert_eq!(client.post("/api/storage/clear", Value::Null).await.status, 200);
}

#[tokio::test]
async fn a_cookie_beside_an_access_token_is_ignored() {
    let app = TestApp::new().await;
    let (ada, _) = registered(&app, "ada").await;
    let mut both = app.signed_in("grace").await;
    both.bearer.clone_from(&ada.bearer);
    both.csrf = None;
    assert_eq!(both.get(ME).await.json()["user"]["username"], "ada");
    assert_eq!(both.get("/api/auth/csrf").await.json()["csrf_token"], Value::Null);
    let answer = both.post("/api/auth/logout", Value::Null).await;
    assert_eq!(answer.status, 204);
    assert!(!answer.headers.contains_key("set-cookie"), "the cookie is another session's");
    assert_eq!(both.get(ME).await.code(), "token_invalid", "nobody is somebody else all of a sudden");
    both.bearer = None;
    assert_eq!(both.get(ME).await.json()["user"]["username"], "grace");
}

#[tokio::test]
async fn sign_out_is_seen_by_the_very_next_request() {
    for app in [TestApp::new().await, with_redis().await] {
        let (mut client, tokens) = registered(&app, "ada").await;
        let (mut other, _) = signed_in(&app, &client).await;
        assert_eq!(client.get(ME).await.status, 200);
        assert_eq!(client.post("/api/auth/logout", Value::Null).await.status, 204);
        assert_eq!(client.get(ME).await.code(), "token_invalid");
        client.bearer = None;
        let refresh = json!({"refresh_token": tokens["refresh_token"]});
        assert_eq!(client.post("/api/auth/refresh", refresh).await.code(), "refresh_token_invalid");
        assert_eq!(other.get(ME).await.status, 200);
    }
}

#[tokio::test]
async fn a_change_of_the_account_is_seen_by_the_very_next_request() {
    for app in [TestApp::new().await, with_redis().await] {
        let (mut client, _) = registered(&app, "ada").await;
        let user = client.get(ME).await.json()["user"].clone();
        assert_eq!(user["role"], "user");
        let user_id = user["id"].as_str().unwrap().parse().unwrap();
        let database = app.superuser().await;
        for (version, change) in [(2, "role = 'auditor'"), (3, "status = 'disabled'"), (4, "status = 'active'")] {
            let statement = format!("UPDATE users SET {change}, security_version = {version}");
            database.batch_execute(&statement).await.unwrap();
            app.platform.sessions.forget_user(user_id, version).await;
            match version {
                2 => assert_eq!(client.get(ME).await.json()["user"]["role"], "auditor"),
                3 => assert_eq!(client.get(ME).await.code(), "token_invalid"),
                _ => assert_eq!(client.get(ME).await.status, 200),
            }
        }
        let (mut other, _) = signed_in(&app, &client).await;
        let set = json!({"new_password": PASSWORD}).to_string().into_bytes();
        let put = other.send(axum::http::Method::PUT, "/api/auth/password", Some(("application/json", set))).await;
        assert_eq!(put.status, 204, "{}", put.text());
        assert_eq!(client.get(ME).await.code(), "token_invalid", "another session than the one that set the password");
        assert_eq!(other.get(ME).await.status, 200);
    }
}

#[tokio::test]
async fn an_access_token_holds_for_an_hour_and_the_session_for_a_week() {
    let app = TestApp::new().await;
    let (mut client, tokens) = registered(&app, "ada").await;
    let mut cookie = super::second_browser(&app, &client).await;
    app.clock.advance(1801);
    assert_eq!(client.get(ME).await.status, 200, "an app is silent until it has something to ask");
    assert_eq!(cookie.get(ME).await.status, 401);
    app.clock.advance(3599 - 1801);
    assert_eq!(client.get(ME).await.status, 200);
    app.clock.advance(1);
    assert_eq!(client.get(ME).await.code(), "token_invalid");

    app.clock.advance(WEEK - 3600 - 600);
    client.bearer = None;
    let answer = client.post("/api/auth/refresh", json!({"refresh_token": tokens["refresh_token"]})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let tokens = hold(&mut client, &answer);
    assert_eq!(tokens["refresh_expires_in"], 600);
    assert_eq!(client.get(ME).await.status, 200);
    app.clock.advance(600);
    assert_eq!(client.get(ME).await.code(), "token_invalid", "its hour is not over, the session is");
    client.bearer = None;
    let answer = client.post("/api/auth/refresh", json!({"refresh_token": tokens["refresh_token"]})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "refresh_token_invalid"));
}

#[tokio::test]
async fn a_session_in_tokens_survives_the_loss_of_the_cache() {
    let cache = Proxy::before(Target::Unix(Services::get().redis_socket().to_owned())).await;
    let redis = format!("redis://127.0.0.1:{}", cache.port);
    let app = TestApp::with(&[("REDIS_URL", &redis)]).await;
    let (mut client, tokens) = registered(&app, "ada").await;
    assert_eq!(client.get(ME).await.status, 200);
    cache.cut();
    assert_eq!(client.get(ME).await.status, 200);
    client.bearer = None;
    let answer = client.post("/api/auth/refresh", json!({"refresh_token": tokens["refresh_token"]})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    hold(&mut client, &answer);
    assert_eq!(client.post("/api/auth/logout", Value::Null).await.status, 204);
    assert_eq!(client.get(ME).await.code(), "token_invalid");
}

#[tokio::test]
async fn a_lost_database_is_503_and_signs_nobody_out() {
    let database = Proxy::before(Target::Unix(Services::get().postgres_socket())).await;
    let url = format!("postgres://ward@127.0.0.1:{}/{{database}}?sslmode=disable", database.port);
    let app = TestApp::with(&[("DATABASE_URL", url.as_str())]).await;
    let (mut client, tokens) = registered(&app, "ada").await;
    assert_eq!(client.get(ME).await.status, 200);
    database.cut();
    // Past the time for which the session, and then the key, is known without the database.
    for seconds in [61, 300] {
        app.clock.advance(seconds);
        assert_eq!(client.get(ME).await.status, 503);
    }
    let refresh = json!({"refresh_token": tokens["refresh_token"]});
    let mut other = client.clone();
    other.bearer = None;
    assert_eq!(other.post("/api/auth/refresh", refresh).await.status, 503);
    let validate = json!({"token": client.bearer});
    assert_eq!(other.post("/api/auth/validate", validate).await.status, 503, "not knowing is not false");
    database.mend();
    let mut status = 503;
    for _ in 0..3 {
        status = client.get(ME).await.status.as_u16();
    }
    assert_eq!(status, 200);
}

#[tokio::test]
async fn one_connection_is_enough() {
    let app = TestApp::with(&[("WARD_DATABASE_POOL", "1")]).await;
    let (first, _) = registered(&app, "ada").await;
    // A new device, of which the user is told.
    let (mut client, tokens) = signed_in(&app, &first).await;
    client.bearer = None;
    let answer = client.post("/api/auth/refresh", json!({"refresh_token": tokens["refresh_token"]})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    hold(&mut client, &answer);
    // The browser's session before ends with this one.
    let mut browser = super::second_browser(&app, &first).await;
    assert_eq!(browser.sign_in().await.status, 200);
}

#[tokio::test]
async fn without_keys_there_are_no_tokens() {
    let app = TestApp::with(&[("WARD_TOKEN_KEYS", "")]).await;
    let mut client = app.browser();
    let names = json!({"username": "ada", "display_name": "Ada", "password": PASSWORD, "session": "token"});
    let answer = client.post("/api/auth/register", names).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "tokens_not_configured"));
    assert!(column(&app, "SELECT id::text FROM users").await.is_empty(), "nothing has begun");
}
