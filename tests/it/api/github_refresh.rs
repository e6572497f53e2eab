//! Tokens of GitHub that expire.

use serde_json::json;
use tests::github::{Fault, GitHub};

use super::auth::github::{ada, app, app_with, count, signed_in};

#[tokio::test]
async fn ten_calls_at_once_near_the_end_refresh_once() {
    let github = GitHub::start(ada()).await;
    let app = app_with(&github, &[("WARD_DATABASE_POOL", "4"), ("WARD_SESSION_IDLE_SECONDS", "80000")]).await;
    github.expire_by(&app.clock);
    let browser = signed_in(&app, &github).await;
    // Four minutes before the end, and an hour after the next one.
    for (seconds, refreshes) in [(8 * 3600 - 240, 1), (9 * 3600, 2)] {
        app.clock.advance(seconds);
        let calls: Vec<_> = (0..10)
            .map(|_| {
                let mut browser = browser.clone();
                tokio::spawn(async move { browser.get("/api/github/repos/octo/site").await.status })
            })
            .collect();
        for call in calls {
            assert_eq!(call.await.unwrap(), 200);
        }
        assert_eq!(github.refreshes(), refreshes);
        assert_eq!(github.live_tokens().len(), 1);
    }
    assert_eq!(count(&app, "SELECT count(*) FROM audit_log WHERE action = 'github.refresh'").await, 2);
}

#[tokio::test]
async fn a_token_that_github_refuses_is_refreshed_once() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    github.expire_by(&app.clock);
    let mut browser = signed_in(&app, &github).await;
    github.end_tokens(false);
    assert_eq!(browser.get("/api/github/repos/octo/site").await.status, 200);
    assert_eq!(github.refreshes(), 1);
    // The old tokens' end is told by the row alone from here on.
    assert_eq!(browser.get("/api/github/repos/octo/site").await.status, 200);
    assert_eq!(github.refreshes(), 1);
}

#[tokio::test]
async fn a_connection_that_github_has_ended_asks_to_be_renewed() {
    for expires in [true, false] {
        let github = GitHub::start(ada()).await;
        let app = app(&github).await;
        if expires {
            github.expire_by(&app.clock);
        }
        let mut browser = signed_in(&app, &github).await;
        github.end_tokens(true);
        for _ in 0..2 {
            let answer = browser.get("/api/github/repos/octo/site").await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "github_reconnect"));
        }
        let connection = browser.get("/api/auth/github/connection").await.json();
        assert_eq!((&connection["connected"], &connection["needs_reconnect"]), (&json!(true), &json!(true)));
        let ended = "SELECT count(*) FROM security_events WHERE event_type = 'github_connection_ended'";
        assert_eq!(count(&app, ended).await, 1);
        // A sign-in renews it.
        let mut browser = signed_in(&app, &github).await;
        assert_eq!(browser.get("/api/github/repos/octo/site").await.status, 200);
    }
}

#[tokio::test]
async fn where_tokens_can_not_be_refreshed_the_old_ones_serve_to_their_end() {
    let github = GitHub::start(ada()).await;
    let app = app_with(&github, &[("WARD_SESSION_IDLE_SECONDS", "80000")]).await;
    github.expire_by(&app.clock);
    let mut browser = signed_in(&app, &github).await;
    github.fault(Fault::Tokens);
    app.clock.advance(8 * 3600 - 60);
    assert_eq!(browser.get("/api/github/repos/octo/site").await.status, 200);
    app.clock.advance(60);
    assert_eq!(browser.get("/api/github/repos/octo/site").await.code(), "github_unavailable");
    assert_eq!(browser.get("/api/auth/github/connection").await.json()["needs_reconnect"], false);
    github.fault(Fault::None);
    assert_eq!(browser.get("/api/github/repos/octo/site").await.status, 200);
}

#[tokio::test]
async fn a_refresh_outlives_the_client_that_began_it() {
    let github = GitHub::start(ada()).await;
    let app = app_with(&github, &[("WARD_SESSION_IDLE_SECONDS", "80000")]).await;
    github.expire_by(&app.clock);
    let mut browser = signed_in(&app, &github).await;
    github.asked_for_tokens().await;
    app.clock.advance(9 * 3600);
    let held = github.hold().await;
    let mut leaving = browser.clone();
    let call = tokio::spawn(async move { leaving.get("/api/github/repos/octo/site").await.status });
    github.asked_for_tokens().await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    drop(held);
    // GitHub's new tokens are stored all the same: the old refresh token would do nobody any good.
    assert_eq!(browser.get("/api/github/repos/octo/site").await.status, 200);
    assert_eq!(github.refreshes(), 1);
}

#[tokio::test]
async fn who_waits_in_vain_for_a_refresh_uses_the_old_token_to_its_end() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    github.expire_by(&app.clock);
    let mut browser = signed_in(&app, &github).await;
    let database = app.superuser().await;
    // Another request is at it.
    let lease = "UPDATE oauth_connections SET access_expires_at = '2026-03-14T15:10:00Z',
                 refreshing_until = '2026-03-14T15:09:56Z'";
    database.batch_execute(lease).await.unwrap();
    let mut waiting = browser.clone();
    let waiting = tokio::spawn(async move { waiting.get("/api/github/repos/octo/site").await.status });
    while count(&app, "SELECT count(*) FROM audit_log WHERE action = 'github.read'").await == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(github.refreshes(), 0);
    // It has given up.
    database.batch_execute("UPDATE oauth_connections SET refreshing_until = NULL").await.unwrap();
    assert_eq!(waiting.await.unwrap(), 200);
    assert_eq!(browser.get("/api/github/repos/octo/site").await.status, 200);
    assert_eq!(github.refreshes(), 1);
    // One whose function has died holds nobody back for more than half a minute.
    let lease = "UPDATE oauth_connections SET access_expires_at = '2026-03-14T15:09:00Z',
                 refreshing_until = '2026-03-14T15:09:56Z'";
    database.batch_execute(lease).await.unwrap();
    app.clock.advance(30);
    assert_eq!(browser.get("/api/github/repos/octo/site").await.status, 200);
    assert_eq!(github.refreshes(), 2);
}
