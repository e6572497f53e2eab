//! `/api/auth/github/connection`.

use serde_json::json;
use tests::github::{CLIENT_ID, Fault, GitHub};
use tests::{Proxy, Target, TestApp};

use super::{ada, app, count, location, sign_in, signed_in};

const PATH: &str = "/api/auth/github/connection";

/// An account that GitHub is not the only way into.
async fn give_a_password(app: &TestApp) {
    let password =
        "INSERT INTO passwords (user_id, hash, suffices, changed_at) SELECT id, '\\x00', true, now() FROM users";
    app.superuser().await.batch_execute(password).await.unwrap();
}

#[tokio::test]
async fn the_connection_is_each_users_own() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let mut owner = signed_in(&app, &github).await;
    let mut other = app.signed_in("grace").await;
    assert_eq!(other.get(PATH).await.json(), json!({"connected": false}));
    assert_eq!(other.delete(PATH).await.code(), "not_found");
    let connection = owner.get(PATH).await.json();
    assert_eq!(
        connection,
        json!({
            "connected": true, "needs_reconnect": false, "login": "ada-l",
            "scopes": ["repo", "workflow", "user:email"], "connected_at": "2026-03-14T15:09:26Z",
        })
    );
    app.clock.advance(60);
    owner.get("/api/github/user").await;
    assert_eq!(owner.get(PATH).await.json()["last_used_at"], "2026-03-14T15:10:26Z");
}

#[tokio::test]
async fn the_end_of_expiring_tokens_is_that_of_their_refresh() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    github.expire_by(&app.clock);
    let mut browser = signed_in(&app, &github).await;
    assert_eq!(browser.get(PATH).await.json()["expires_at"], "2026-09-14T15:09:26Z");
}

#[tokio::test]
async fn disconnecting_takes_back_the_grant() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let mut browser = signed_in(&app, &github).await;
    give_a_password(&app).await;
    github.take_seen();
    assert_eq!(browser.delete(PATH).await.status, 204);
    let seen = github.take_seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].target, format!("/applications/{CLIENT_ID}/grant"));
    assert_eq!(github.live_tokens().len(), 0);
    assert_eq!(browser.get(PATH).await.json(), json!({"connected": false}));
    assert_eq!(browser.get("/api/github/user").await.code(), "github_not_connected");
    assert_eq!(count(&app, "SELECT count(*) FROM oauth_connections").await, 0);
    assert_eq!(count(&app, "SELECT count(*) FROM security_events WHERE event_type = 'github_disconnected'").await, 1);
    assert_eq!(browser.delete(PATH).await.code(), "not_found");
    let told = app.outbox()[0].clone();
    assert_eq!((told.template.as_str(), told.to.as_str()), ("notice", "ada@example.org"));
}

#[tokio::test]
async fn what_github_has_ended_already_counts_as_taken_back() {
    for all in [true, false] {
        let github = GitHub::start(ada()).await;
        let app = app(&github).await;
        github.expire_by(&app.clock);
        let mut browser = signed_in(&app, &github).await;
        give_a_password(&app).await;
        github.end_tokens(all);
        assert_eq!(browser.delete(PATH).await.status, 204);
        assert_eq!(browser.get(PATH).await.json(), json!({"connected": false}));
    }
}

#[tokio::test]
async fn a_token_that_is_over_is_refreshed_to_take_the_grant_back() {
    let github = GitHub::start(ada()).await;
    let app = super::app_with(&github, &[("WARD_SESSION_IDLE_SECONDS", "80000")]).await;
    github.expire_by(&app.clock);
    let mut browser = signed_in(&app, &github).await;
    give_a_password(&app).await;
    app.clock.advance(8 * 3600);
    // The step-up of a later day.
    app.superuser().await.batch_execute("UPDATE sessions SET authenticated_at = '2026-03-14T23:09:00Z'").await.unwrap();
    assert_eq!(browser.delete(PATH).await.status, 204);
    assert_eq!(github.refreshes(), 1);
    assert_eq!(github.live_tokens().len(), 0);
}

#[tokio::test]
async fn where_github_can_not_be_asked_nothing_is_disconnected() {
    let github = GitHub::start(ada()).await;
    let proxy = Proxy::before(Target::Port(github.port)).await;
    let settings = github.settings_on(proxy.port);
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let app = TestApp::with(&settings).await;
    let mut browser = signed_in(&app, &github).await;
    give_a_password(&app).await;
    proxy.cut();
    let answer = browser.delete(PATH).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "github_unavailable"));
    assert!(answer.text().contains("Nothing was disconnected"));
    assert_eq!(browser.get("/api/github/user").await.status, 503);
    proxy.mend();
    github.fault(Fault::Api);
    assert_eq!(browser.delete(PATH).await.status, 502);
    github.fault(Fault::None);
    assert_eq!(browser.get(PATH).await.json()["connected"], true);
    assert_eq!(github.live_tokens().len(), 1);
    assert_eq!(browser.get("/api/github/user").await.status, 200);
    assert_eq!(browser.delete(PATH).await.status, 204);
}

#[tokio::test]
async fn the_last_way_to_sign_in_stays() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let mut browser = signed_in(&app, &github).await;
    let answer = browser.delete(PATH).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "last_way_to_sign_in"));
    assert_eq!(github.live_tokens().len(), 1, "nothing was taken back");
    assert_eq!(location(&sign_in(&mut app.browser(), &github).await), "http://localhost:9000/app");
}

#[tokio::test]
async fn disconnecting_needs_a_recent_factor_and_the_csrf_token() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let mut browser = signed_in(&app, &github).await;
    give_a_password(&app).await;
    let mut forger = browser.clone();
    forger.csrf = None;
    assert_eq!(forger.delete(PATH).await.code(), "csrf_token_invalid");
    app.clock.advance(15 * 60 + 1);
    assert_eq!(browser.delete(PATH).await.code(), "step_up_required");
    assert_eq!(browser.get(PATH).await.json()["connected"], true);
}
