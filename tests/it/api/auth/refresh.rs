//! `/api/auth/refresh`: rotation, repetition, reuse, forgery.

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, Browser, TestApp};

use super::clients::{hold, registered, signed_in};
use super::column;

const ME: &str = "/api/auth/me";

/// Sends a refresh token, and no other.
async fn send(client: &Browser, token: &Value) -> Answer {
    let mut client = client.clone();
    client.bearer = None;
    client.post("/api/auth/refresh", json!({"refresh_token": token})).await
}

/// The next tokens.
async fn refresh(client: &mut Browser, token: &Value) -> Value {
    let answer = send(client, token).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    hold(client, &answer)
}

async fn events(app: &TestApp, event: &str) -> usize {
    column(app, &format!("SELECT event FROM session_audits WHERE event = '{event}'")).await.len()
}

#[tokio::test]
async fn each_refresh_gives_the_next_token() {
    let app = TestApp::new().await;
    let (mut client, first) = registered(&app, "ada").await;
    app.clock.advance(60);
    let second = refresh(&mut client, &first["refresh_token"]).await;
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(second["refresh_expires_in"], 7 * 24 * 3600 - 60, "the end of the session stays");
    assert_eq!(client.get(ME).await.status, 200);
    let third = refresh(&mut client, &second["refresh_token"]).await;
    assert_ne!(third["refresh_token"], second["refresh_token"]);
    assert_eq!(client.get(ME).await.status, 200);
    assert_eq!(events(&app, "refreshed").await, 2);
    assert_eq!(column(&app, "SELECT action FROM audit_log WHERE action = 'auth.refresh'").await.len(), 2);
    assert_eq!(column(&app, "SELECT count(*)::text FROM sessions").await, ["1"]);
}

#[tokio::test]
async fn a_lost_answer_is_given_again_while_nobody_has_used_it() {
    let app = TestApp::new().await;
    let (mut client, first) = registered(&app, "ada").await;
    let lost = refresh(&mut client, &first["refresh_token"]).await;
    for _ in 0..3 {
        let again = refresh(&mut client, &first["refresh_token"]).await;
        assert_eq!(again["refresh_token"], lost["refresh_token"]);
    }
    assert_eq!(events(&app, "refreshed").await, 1);
    let next = refresh(&mut client, &lost["refresh_token"]).await;
    assert_ne!(next["refresh_token"], lost["refresh_token"]);
    assert_eq!(client.get(ME).await.status, 200);
}

#[tokio::test]
async fn a_token_used_before_ends_its_session_and_no_other() {
    let app = TestApp::new().await;
    let (mut client, first) = registered(&app, "ada").await;
    let (mut other, _) = signed_in(&app, &client).await;
    let second = refresh(&mut client, &first["refresh_token"]).await;
    let third = refresh(&mut client, &second["refresh_token"]).await;
    assert_eq!(client.get(ME).await.status, 200);

    let answer = send(&client, &first["refresh_token"]).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "refresh_token_invalid"));
    assert_eq!(client.get(ME).await.code(), "token_invalid", "the thief's and the victim's alike");
    for token in [&third, &second, &first] {
        assert_eq!(send(&client, &token["refresh_token"]).await.code(), "refresh_token_invalid");
    }
    assert_eq!(other.get(ME).await.status, 200);
    let raised = "SELECT severity || ' ' || (details ->> 'presented') || ' ' || (details ->> 'current')
        FROM security_events WHERE event_type = 'refresh_token_reused'";
    assert_eq!(column(&app, raised).await, ["high 1 3"]);
    assert_eq!(events(&app, "revoked").await, 1);
    // The cache is not what keeps it out.
    app.clock.advance(61);
    assert_eq!(client.get(ME).await.code(), "token_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_refreshes_at_once_sign_nobody_out() {
    for pool in ["2", "8"] {
        let app = TestApp::with(&[("WARD_DATABASE_POOL", pool), ("WARD_LIMIT_ANONYMOUS", "1000")]).await;
        let (mut client, first) = registered(&app, "ada").await;
        let mut token = first["refresh_token"].clone();
        for round in 1..=2 {
            let asked = (0..50).map(|_| {
                let (client, token) = (client.clone(), token.clone());
                tokio::spawn(async move { send(&client, &token).await })
            });
            let answers: Vec<Answer> = join_all(asked).await.into_iter().map(Result::unwrap).collect();
            assert!(answers.iter().all(|answer| answer.status == StatusCode::OK), "{:?}", answers[0].text());
            let next = hold(&mut client, &answers[0])["refresh_token"].clone();
            assert!(answers.iter().all(|answer| answer.json()["refresh_token"] == next));
            assert_ne!(next, token);
            assert_eq!(client.get(ME).await.status, 200);
            assert_eq!(events(&app, "refreshed").await, round);
            token = next;
        }
        assert!(column(&app, "SELECT event_type FROM security_events").await.is_empty());
    }
}

#[tokio::test]
async fn a_forged_token_is_refused_and_ends_nothing() {
    let app = TestApp::new().await;
    let (mut ada, own) = registered(&app, "ada").await;
    let (_, others) = registered(&app, "eve").await;
    let own = refresh(&mut ada, &own["refresh_token"]).await;
    let bytes = |token: &Value| {
        let text = token["refresh_token"].as_str().unwrap();
        URL_SAFE_NO_PAD.decode(text.strip_prefix("wrt_").unwrap()).unwrap()
    };
    let (own_bytes, eves) = (bytes(&own), bytes(&others));
    // Whoever knows a session's id and a token of their own, and tries every number a reuse could have.
    let mut forgeries = Vec::new();
    for counter in [0_u64, 1, 2, 3, 1_000, u64::MAX] {
        let counter = counter.to_be_bytes();
        forgeries.push([&own_bytes[..16], &counter, &eves[24..]].concat());
        forgeries.push([&own_bytes[..16], &counter, &[0; 17]].concat());
        if counter != own_bytes[16..24] {
            forgeries.push([&own_bytes[..16], &counter, &own_bytes[24..]].concat());
        }
    }
    forgeries.push([&eves[..16], &own_bytes[16..]].concat());
    for bytes in forgeries {
        let answer = send(&ada, &json!(format!("wrt_{}", URL_SAFE_NO_PAD.encode(bytes)))).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "refresh_token_invalid"));
    }
    let text = own["refresh_token"].as_str().unwrap();
    let other = TestApp::new().await;
    let (_, foreign) = registered(&other, "ada").await;
    for token in [
        json!(""),
        json!("wrt_"),
        json!(&text[..58]),
        json!(format!("{text}A")),
        json!(text.to_uppercase()),
        own["access_token"].clone(),
        foreign["refresh_token"].clone(),
    ] {
        assert_eq!(send(&ada, &token).await.code(), "refresh_token_invalid", "{token}");
    }
    assert_eq!(ada.get(ME).await.status, 200);
    assert!(column(&app, "SELECT event_type FROM security_events").await.is_empty(), "no stranger raises an alarm");
    refresh(&mut ada, &own["refresh_token"]).await;
}

#[tokio::test]
async fn a_user_ends_the_tokens_of_another_device() {
    let app = TestApp::new().await;
    let (mut lost, tokens) = registered(&app, "ada").await;
    let (mut here, _) = signed_in(&app, &lost).await;
    let sessions = here.get("/api/auth/sessions").await.json()["sessions"].clone();
    let other = sessions.as_array().unwrap().iter().find(|session| session["current"] == false).unwrap();
    let path = format!("/api/auth/sessions/{}", other["id"].as_str().unwrap());
    assert_eq!(lost.get(ME).await.status, 200);
    assert_eq!(here.delete(&path).await.status, 204);
    assert_eq!(lost.get(ME).await.code(), "token_invalid");
    assert_eq!(send(&lost, &tokens["refresh_token"]).await.code(), "refresh_token_invalid");
    assert_eq!(here.get(ME).await.status, 200);
}

#[tokio::test]
async fn whoever_may_not_sign_in_may_not_refresh() {
    let app = TestApp::new().await;
    let (mut client, tokens) = registered(&app, "ada").await;
    let database = app.superuser().await;
    database.batch_execute("UPDATE users SET status = 'disabled'").await.unwrap();
    assert_eq!(send(&client, &tokens["refresh_token"]).await.code(), "refresh_token_invalid");
    database.batch_execute("UPDATE users SET status = 'active'").await.unwrap();
    refresh(&mut client, &tokens["refresh_token"]).await;
}
