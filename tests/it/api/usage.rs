//! `/api/usage`.

use serde_json::{Value, json};
use tests::{Browser, TestApp};

async fn say(browser: &mut Browser, text: &str) -> tests::Answer {
    let chat = browser.post("/api/chats", json!({"title": "Usage"})).await.json()["id"].as_str().unwrap().to_owned();
    browser.post(&format!("/api/chats/{chat}/messages"), json!({"content": text})).await
}

#[tokio::test]
async fn usage_begins_at_nothing_and_counts_each_answer() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let before = browser.get("/api/usage").await.json();
    assert_eq!(before["day"], "2026-03-14");
    assert_eq!(before["resets_at"], "2026-03-15T00:00:00Z");
    assert_eq!(before["calls"], json!({"used": 0, "limit": 500, "remaining": 500}));

    let events = say(&mut browser, "hello there").await.events();
    let spent = &events.last().unwrap().1["message"]["usage"];
    let after = browser.get("/api/usage").await.json();
    assert_eq!(after["calls"]["used"], 1);
    assert_eq!(after["tokens"]["used"], spent["total_tokens"]);
    assert_eq!(after["tokens"]["reserved"], 0);
    assert_eq!(after["cost_nano_dollars"], spent["cost_nano_dollars"]);
    let cost = spent["prompt_tokens"].as_u64().unwrap() * 150 + spent["completion_tokens"].as_u64().unwrap() * 600;
    assert_eq!(spent["cost_nano_dollars"], cost);
}

#[tokio::test]
async fn usage_is_each_users_own_and_each_days() {
    let app = TestApp::with(&[("WARD_SESSION_IDLE_SECONDS", "86400")]).await;
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    say(&mut ada, "hello").await;
    assert_eq!(grace.get("/api/usage").await.json()["calls"]["used"], 0);
    app.clock.advance(10 * 3600);
    let tomorrow = ada.get("/api/usage").await.json();
    assert_eq!((&tomorrow["day"], &tomorrow["calls"]["used"]), (&json!("2026-03-15"), &json!(0)));
}

#[tokio::test]
async fn a_quota_that_does_not_hold_the_call_is_429_until_midnight() {
    let app = TestApp::with(&[("WARD_DAILY_CALLS", "2")]).await;
    let mut browser = app.signed_in("ada").await;
    for _ in 0..2 {
        assert_eq!(say(&mut browser, "hello").await.status, 200);
    }
    let answer = say(&mut browser, "hello").await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (429, "quota_exceeded"));
    // From 15:09:26 to midnight, and a second more.
    let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert_eq!(wait, 8 * 3600 + 50 * 60 + 34 + 1);

    let tokens = TestApp::with(&[("WARD_DAILY_TOKENS", "1000")]).await;
    let mut browser = tokens.signed_in("ada").await;
    assert_eq!(say(&mut browser, "hello").await.code(), "quota_exceeded", "an answer may take 1,024");
    assert_eq!(browser.get("/api/usage").await.json()["calls"]["used"], 0);
}

#[tokio::test]
async fn parallel_calls_never_take_more_than_the_quota() {
    let app = TestApp::with(&[("WARD_DAILY_CALLS", "3")]).await;
    let browser = app.signed_in("ada").await;
    let calls = (0..8).map(|_| {
        let mut browser = browser.clone();
        async move { say(&mut browser, "hello").await.status.as_u16() }
    });
    let mut statuses = futures_util::future::join_all(calls).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 429, 429, 429, 429, 429]);
}

#[tokio::test]
async fn parallel_tokens_never_pass_the_quota() {
    let app = TestApp::new().await;
    let browser = app.signed_in("ada").await;
    let text = "w ".repeat(22_000);
    let calls = (0..4).map(|_| {
        let (mut browser, text) = (browser.clone(), text.clone());
        async move { say(&mut browser, &text).await.status.as_u16() }
    });
    let statuses = futures_util::future::join_all(calls).await;
    assert!(statuses.contains(&429), "{statuses:?}");
    let used = browser.clone().get("/api/usage").await.json()["tokens"]["used"].as_u64().unwrap();
    assert!(used > 40_000 && used <= 100_000, "{used}");
}

#[tokio::test]
async fn what_a_killed_call_had_reserved_comes_back() {
    let app = TestApp::with(&[("WARD_DAILY_TOKENS", "1100")]).await;
    let mut browser = app.signed_in("ada").await;
    let user = browser.get("/api/auth/me").await.json()["user"]["id"].as_str().unwrap().to_owned();
    let database = app.superuser().await;
    // What a function leaves that was killed in the middle of an answer.
    let user: uuid::Uuid = user.parse().unwrap();
    let lease = app.clock.now() + jiff::SignedDuration::from_mins(15);
    database
        .execute(
            "INSERT INTO usage_days (user_id, day, calls, reserved_tokens) VALUES ($1, '2026-03-14', 1, 1000)",
            &[&user],
        )
        .await
        .unwrap();
    database
        .execute(
            "INSERT INTO usage_calls (id, user_id, day, model, state, reserved_tokens, created_at, lease_expires_at)
             VALUES (gen_random_uuid(), $1, '2026-03-14', 'm', 'reserved', 1000, now(), $2)",
            &[&user, &lease],
        )
        .await
        .unwrap();
    assert_eq!(browser.get("/api/usage").await.json()["tokens"]["reserved"], 1000);
    assert_eq!(say(&mut browser, "hi").await.code(), "quota_exceeded");
    app.clock.advance(15 * 60);
    assert_eq!(browser.get("/api/usage").await.json()["tokens"]["reserved"], 0);
    assert_eq!(say(&mut browser, "hi").await.status, 200);
}

#[tokio::test]
async fn usage_takes_no_other_method() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    assert_eq!(browser.post("/api/usage", Value::Null).await.code(), "method_not_allowed");
}
