//! Nobody uses up what another may do: not with a leaked key, not with a stolen session, not with made-up tokens.

use axum::http::Method;
use serde_json::json;
use tests::{Browser, Proxy, Services, Target, TestApp, product_routes};

use crate::api::auth::clients;

const USAGE: &str = "/api/usage";
const LIMITS: [(&str, &str); 2] = [("WARD_LIMIT_ANONYMOUS", "20"), ("WARD_LIMIT_USER", "5")];

/// The product with small limits, on each of the caches.
async fn apps() -> [TestApp; 2] {
    let redis = format!("redis+unix://{}", Services::get().redis_socket().display());
    let on_redis = [&LIMITS[..], &[("REDIS_URL", redis.as_str())]].concat();
    [TestApp::with(&LIMITS).await, TestApp::with(&on_redis).await]
}

/// Statuses of that many requests.
async fn statuses(client: &mut Browser, path: &str, times: usize) -> Vec<u16> {
    let mut seen = Vec::new();
    for _ in 0..times {
        seen.push(client.get(path).await.status.as_u16());
    }
    seen
}

/// A client that holds an API key and nothing else.
fn holder(app: &TestApp, key: &str) -> Browser {
    let mut client = app.browser();
    (client.origin, client.bearer) = (None, Some(key.to_owned()));
    client
}

/// A key of the browser's user that reads the usage, and its id.
async fn api_key(browser: &mut Browser) -> (String, String) {
    let answer = browser.post("/api/auth/api-keys", json!({"name": "k", "scopes": ["usage:read"]})).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let made = answer.json();
    (made["key"].as_str().unwrap().to_owned(), made["id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_leaked_key_uses_up_its_own_count_only() {
    for app in apps().await {
        let mut ada = app.signed_in("ada").await;
        let (key, id) = api_key(&mut ada).await;
        let mut thief = holder(&app, &key);
        // What is refused for its scope is counted like what is answered.
        assert_eq!(statuses(&mut thief, "/api/auth/sessions", 3).await, [403, 403, 403]);
        assert_eq!(statuses(&mut thief, USAGE, 4).await, [200, 200, 429, 429]);
        // Making the key was the first of the owner's five.
        let answer = ada.get(USAGE).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.headers["ratelimit"]),
            (200, &"\"default\";r=3;t=334".parse().unwrap())
        );
        assert_eq!(ada.delete(&format!("/api/auth/api-keys/{id}")).await.status, 204);
        app.clock.advance(334);
        assert_eq!(thief.get(USAGE).await.status, 401);
    }
}

#[tokio::test]
async fn a_stolen_session_does_not_keep_its_user_from_ending_it() {
    for app in apps().await {
        let mut thief = app.signed_in("ada").await;
        let mut ada = app.browser();
        ada.authenticator = thief.authenticator.clone();
        assert_eq!(statuses(&mut thief, USAGE, 6).await, [200, 200, 200, 200, 200, 429]);
        let mine = thief.clone().get("/api/auth/sessions").await.json()["sessions"][0]["id"].clone();
        // The first request, which the cache knew nothing of, and the list are counted by session.
        assert_eq!(statuses(&mut thief, "/api/auth/me", 4).await, [200, 200, 200, 429]);

        // The user's count is used up, and so is the thief's for what ends sessions. The user's is not.
        assert_eq!(ada.sign_in().await.status, 200);
        assert_eq!(ada.get(USAGE).await.status, 429);
        assert_eq!(statuses(&mut ada, "/api/auth/me", 2).await, [200, 200]);
        assert_eq!(ada.delete(&format!("/api/auth/sessions/{}", mine.as_str().unwrap())).await.status, 204);
        assert_eq!(statuses(&mut ada, "/api/auth/csrf", 3).await, [200, 429, 429], "it has a limit of its own");
        app.clock.advance(334);
        assert_eq!(thief.get("/api/auth/me").await.status, 401);
        assert_eq!(ada.get(USAGE).await.status, 200);
    }
}

#[tokio::test]
async fn made_up_tokens_cost_no_look_up_and_lock_nobody_out() {
    let database = Proxy::before(Target::Unix(Services::get().postgres_socket())).await;
    let url = format!("postgres://ward@127.0.0.1:{}/{{database}}?sslmode=disable", database.port);
    let redis = format!("redis+unix://{}", Services::get().redis_socket().display());
    // Another application's tokens have the form and the checksum of ours.
    let elsewhere = TestApp::new().await;
    let mut eve = elsewhere.signed_in("eve").await;
    let (foreign_key, _) = api_key(&mut eve).await;
    for cache in [None, Some(("REDIS_URL", redis.as_str()))] {
        let settings = LIMITS.into_iter().chain([("DATABASE_URL", url.as_str())]).chain(cache).collect::<Vec<_>>();
        let app = TestApp::with(&settings).await;
        let mut ada = app.signed_in("ada").await;
        let (key, _) = api_key(&mut ada).await;
        let (mut client, _) = clients::registered(&app, "grace").await;
        let mut script = holder(&app, &key);

        let mut stranger = app.browser();
        stranger.cookies.insert("__Host-ward_session".into(), eve.cookies["__Host-ward_session"].clone());
        let mut guesser = holder(&app, &foreign_key);
        // Four requests of the twenty were the two registrations.
        let before = database.round_trips();
        assert_eq!(statuses(&mut stranger, USAGE, 8).await, [401; 8]);
        assert_eq!(statuses(&mut guesser, USAGE, 8).await, [401; 8]);
        assert_eq!(statuses(&mut stranger, USAGE, 1).await, [429]);
        assert_eq!(statuses(&mut guesser, USAGE, 1).await, [429]);
        assert_eq!(database.round_trips(), before, "none of them was looked up");

        // The cache has forgotten who is signed in at the same address. They still are.
        app.clock.advance(121);
        for known in [&mut ada, &mut client, &mut script] {
            assert_eq!(known.get(USAGE).await.status, 200);
        }
    }
}

#[tokio::test]
async fn a_session_lifts_no_limit_of_what_needs_none() {
    let app = TestApp::with(&[("WARD_LIMIT_ANONYMOUS", "1000"), ("WARD_LIMIT_USER", "2000")]).await;
    let mut ada = app.signed_in("ada").await;
    let (mut client, _) = clients::registered(&app, "grace").await;
    // Without it each change is refused, after it has been counted.
    ada.csrf = None;
    for (method, path) in product_routes() {
        if !path.starts_with("/api/") {
            continue;
        }
        let by_address = crate::coverage::PUBLIC.contains(&path.as_str()) && path != "/api/auth/validate";
        let limit = if by_address { 1000 } else { 2000 };
        let path = path.replace("{id}", "01890000-0000-7000-8000-000000000000").replace("{method}", "totp");
        let answer = ada.send(method.parse::<Method>().unwrap(), &path, None).await;
        assert_eq!(answer.headers["ratelimit-policy"], format!("\"default\";q={limit};w=900"), "{method} {path}");
    }

    // Each is one more of the address, with an access token too.
    let left = |answer: &tests::Answer| {
        let text = answer.headers["ratelimit"].to_str().unwrap();
        text.strip_prefix("\"default\";r=").unwrap().split_once(';').unwrap().0.parse::<u64>().unwrap()
    };
    let mut stranger = app.browser();
    let methods = "/api/auth/methods";
    let before = left(&stranger.get(methods).await);
    assert_eq!(left(&ada.get(methods).await), before - 1);
    assert_eq!(left(&client.get(methods).await), before - 2);
    assert_eq!(left(&stranger.get(methods).await), before - 3);
}
