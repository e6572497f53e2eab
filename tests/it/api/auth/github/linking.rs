//! When a GitHub account is linked to a user by an address: when both sides have verified it, and only then.

use serde_json::json;
use tests::github::{GitHub, GitHubUser};

use super::{ADA, ada, app, count, location, sign_in, signed_in, store_address};

const OWN: &str = "http://localhost:9000/app";

#[tokio::test]
async fn an_address_verified_on_both_sides_links_and_signs_in() {
    let github = GitHub::start(GitHubUser::new(ADA, "ada-l", "Ada@Example.org")).await;
    let app = app(&github).await;
    let mut known = app.browser();
    let id = known.register("ada").await;
    store_address(&app, &id, "ada@example.org", true).await;

    let mut browser = signed_in(&app, &github).await;
    assert_eq!(browser.get("/api/auth/me").await.json()["user"]["id"], id.as_str());
    assert_eq!(browser.get("/api/auth/github/connection").await.json()["login"], "ada-l");
    let linked = "SELECT count(*) FROM security_events
                  WHERE event_type = 'github_connected' AND details->>'by' = 'verified_address'";
    assert_eq!(count(&app, linked).await, 1);
    assert_eq!(count(&app, "SELECT count(*) FROM audit_log WHERE action = 'github.connect'").await, 1);
    let told = app.outbox().into_iter().find(|sent| sent.text.contains("GitHub was connected")).expect("a notice");
    assert_eq!(told.to, "ada@example.org");
    // From now on by its number, whatever becomes of the address.
    github.sign_in(GitHubUser { emails: Vec::new(), ..ada() });
    let mut again = signed_in(&app, &github).await;
    assert_eq!(again.get("/api/auth/me").await.json()["user"]["id"], id.as_str());
}

#[tokio::test]
async fn an_address_that_either_side_has_not_verified_links_nobody() {
    for (here, there) in [(false, true), (true, false), (false, false)] {
        let emails = vec![("ada@example.org".to_owned(), true, there)];
        let github = GitHub::start(GitHubUser { emails, ..ada() }).await;
        let app = app(&github).await;
        let mut known = app.browser();
        let id = known.register("ada").await;
        store_address(&app, &id, "ada@example.org", here).await;
        let mut browser = signed_in(&app, &github).await;
        assert_ne!(browser.get("/api/auth/me").await.json()["user"]["id"], id.as_str(), "{here} {there}");
        assert_eq!(known.get("/api/auth/github/connection").await.json(), json!({"connected": false}));
    }
}

#[tokio::test]
async fn the_address_of_githubs_profile_links_nobody() {
    // The fake's profiles all show this address, which nobody has verified.
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let mut known = app.browser();
    let id = known.register("ada").await;
    store_address(&app, &id, "shown@anywhere.example", true).await;
    let mut browser = signed_in(&app, &github).await;
    assert_ne!(browser.get("/api/auth/me").await.json()["user"]["id"], id.as_str());
}

#[tokio::test]
async fn addresses_of_two_accounts_link_neither() {
    let emails = vec![("one@example.org".to_owned(), true, true), ("two@example.org".to_owned(), false, true)];
    let github = GitHub::start(GitHubUser { emails, ..ada() }).await;
    let app = app(&github).await;
    for (name, address) in [("ada", "one@example.org"), ("grace", "two@example.org")] {
        let id = app.browser().register(name).await;
        store_address(&app, &id, address, true).await;
    }
    let answer = sign_in(&mut app.browser(), &github).await;
    assert_eq!(location(&answer), format!("{OWN}#/sign-in?error=github_ambiguous"));
    assert_eq!(count(&app, "SELECT count(*) FROM oauth_connections").await, 0);
    assert_eq!(github.live_tokens().len(), 0);
}

#[tokio::test]
async fn an_account_with_another_github_account_is_not_signed_in_by_an_address() {
    let github = GitHub::start(GitHubUser::new(ADA + 1, "other", "other@example.org")).await;
    let app = app(&github).await;
    let mut known = signed_in(&app, &github).await;
    let id = known.get("/api/auth/me").await.json()["user"]["id"].as_str().unwrap().to_owned();
    store_address(&app, &id, "ada@example.org", true).await;
    github.sign_in(ada());
    let answer = sign_in(&mut app.browser(), &github).await;
    assert_eq!(location(&answer), format!("{OWN}#/sign-in?error=github_other_account"));
    assert_eq!(known.get("/api/auth/github/connection").await.json()["login"], "other");
}

#[tokio::test]
async fn until_the_second_factor_is_shown_an_address_links_nothing() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let id = app.browser().register("ada").await;
    store_address(&app, &id, "ada@example.org", true).await;
    let enrol = "INSERT INTO two_factor_auth (id, user_id, method, created_at, confirmed_at)
                 SELECT gen_random_uuid(), id, 'totp', now(), now() FROM users";
    app.superuser().await.batch_execute(enrol).await.unwrap();
    let mut browser = app.browser();
    let answer = sign_in(&mut browser, &github).await;
    assert!(location(&answer).starts_with(&format!("{OWN}#/second-factor?challenge=")), "{}", location(&answer));
    assert!(!browser.cookies.contains_key("__Host-ward_session"));
    assert_eq!(count(&app, "SELECT count(*) FROM oauth_connections").await, 0);
    assert_eq!(github.live_tokens().len(), 0);
}
