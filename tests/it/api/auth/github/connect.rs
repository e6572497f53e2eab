//! Connecting GitHub to an account that is signed in.

use serde_json::json;
use tests::github::{GitHub, GitHubUser};
use tests::{Answer, Browser};

use super::{ADA, ada, app, at_github, count, location, signed_in};

const PATH: &str = "/api/auth/github/connect";

async fn begin(browser: &mut Browser) -> String {
    let answer = browser.post(PATH, json!({"return_to": "/app"})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["url"].as_str().unwrap().to_owned()
}

async fn connect(browser: &mut Browser, github: &GitHub) -> Answer {
    let address = begin(browser).await;
    browser.get(&at_github(github, &address)).await
}

#[tokio::test]
async fn a_signed_in_user_connects_github() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let mut browser = app.browser();
    let id = browser.register("grace").await;
    let session = browser.cookies["__Host-ward_session"].clone();
    assert_eq!(location(&connect(&mut browser, &github).await), "http://localhost:9000/app");
    assert_eq!(browser.cookies["__Host-ward_session"], session, "the session goes on");
    assert_eq!(browser.get("/api/auth/github/connection").await.json()["login"], "ada-l");
    let linked = "SELECT count(*) FROM security_events
                  WHERE event_type = 'github_connected' AND details->>'by' = 'connect'";
    assert_eq!(count(&app, linked).await, 1);
    assert_eq!(count(&app, "SELECT count(*) FROM user_contacts").await, 0, "addresses are for the user to add");

    let mut elsewhere = signed_in(&app, &github).await;
    assert_eq!(elsewhere.get("/api/auth/me").await.json()["user"]["id"], id.as_str());
    // Once more renews it.
    assert_eq!(location(&connect(&mut browser, &github).await), "http://localhost:9000/app");
    assert_eq!(count(&app, "SELECT count(*) FROM oauth_connections").await, 1);
}

#[tokio::test]
async fn connecting_needs_the_pages_own_request_and_a_recent_factor() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let mut browser = app.signed_in("grace").await;
    let mut forger = browser.clone();
    forger.csrf = None;
    assert_eq!(forger.post(PATH, json!({})).await.code(), "csrf_token_invalid");
    forger.origin = Some("https://evil.example".into());
    assert_eq!(forger.post(PATH, json!({})).await.code(), "cross_site");
    for (body, code) in [
        (json!({"return_to": "//evil.example"}), "return_to_invalid"),
        (json!({"return_to": 1}), "invalid_body"),
        (json!({"user_id": "x"}), "invalid_body"),
    ] {
        assert_eq!(browser.post(PATH, body).await.code(), code);
    }
    app.clock.advance(15 * 60 + 1);
    let answer = browser.post(PATH, json!({})).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "step_up_required"));
}

#[tokio::test]
async fn a_connection_comes_back_to_the_session_that_asked() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let refused = "http://localhost:9000/app#/security?error=unauthenticated";

    // Signed out meanwhile.
    let mut browser = app.signed_in("grace").await;
    let address = begin(&mut browser).await;
    browser.post("/api/auth/logout", json!(null)).await;
    assert_eq!(location(&browser.get(&at_github(&github, &address)).await), refused);

    // Another session of the same user, and another user, in the same browser.
    let mut again = app.signed_in("heidi").await;
    let address = begin(&mut again).await;
    let callback = at_github(&github, &address);
    let (mut anew, mut other) = (again.clone(), again.clone());
    anew.sign_in().await;
    assert_eq!(location(&anew.get(&callback).await), refused);
    let address = begin(&mut anew).await;
    other.cookies = anew.cookies.clone();
    other
        .cookies
        .insert("__Host-ward_session".into(), app.signed_in("ivan").await.cookies["__Host-ward_session"].clone());
    assert_eq!(location(&other.get(&at_github(&github, &address)).await), refused);

    // The attacker's callback in the victim's browser.
    let mut attacker = app.signed_in("mallory").await;
    let address = begin(&mut attacker).await;
    let forged = at_github(&github, &address);
    let mut victim = app.signed_in("peggy").await;
    assert_eq!(location(&victim.get(&forged).await), "http://localhost:9000/#/sign-in?error=ceremony_expired");
    assert_eq!(count(&app, "SELECT count(*) FROM oauth_connections").await, 0);
}

#[tokio::test]
async fn a_github_account_belongs_to_one_user_and_a_user_has_one() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let mut owner = signed_in(&app, &github).await;
    let mut grace = app.signed_in("grace").await;
    let answer = connect(&mut grace, &github).await;
    assert_eq!(location(&answer), "http://localhost:9000/app#/security?error=github_taken");
    assert_eq!(grace.get("/api/auth/github/connection").await.json(), json!({"connected": false}));

    github.sign_in(GitHubUser::new(ADA + 1, "other", "other@example.org"));
    let answer = connect(&mut owner, &github).await;
    assert_eq!(location(&answer), "http://localhost:9000/app#/security?error=github_other_account");
    assert_eq!(owner.get("/api/auth/github/connection").await.json()["login"], "ada-l");
    assert_eq!(github.live_tokens().len(), 1, "the others were given back");
}
