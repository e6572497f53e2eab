//! Whom a GitHub account signs in, and when nobody.

use serde_json::json;
use tests::github::{Fault, GitHub, GitHubUser, TOKEN_MARK};
use tests::{Answer, Browser, Log, TestApp};

use crate::api::auth::enrolled::{answer, enrol_totp};

use super::{ADA, ada, app, app_with, count, location, sign_in, signed_in};

#[tokio::test]
async fn a_new_github_user_gets_an_account() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let mut browser = signed_in(&app, &github).await;
    let me = browser.get("/api/auth/me").await.json();
    assert_eq!(me["user"]["username"], "ada-l");
    assert_eq!(me["user"]["display_name"], "Ada Lovelace");
    assert_eq!((me["user"]["role"].as_str(), me["session"]["assurance"].as_str()), (Some("user"), Some("aal1")));
    assert_eq!(me["session"]["methods"], json!(["github"]));

    let connection = browser.get("/api/auth/github/connection").await.json();
    assert_eq!(connection["login"], "ada-l");
    assert_eq!(connection["scopes"], json!(["repo", "workflow", "user:email"]));
    assert_eq!(count(&app, "SELECT count(*) FROM user_contacts WHERE verified_at IS NOT NULL").await, 1);
    assert_eq!(
        count(&app, "SELECT count(*) FROM login_attempts WHERE method = 'github' AND result = 'success'").await,
        1
    );

    // The next time it is the same, also under another name.
    let first = me["user"]["id"].clone();
    github.sign_in(GitHubUser { login: "countess".into(), emails: Vec::new(), ..ada() });
    let mut again = signed_in(&app, &github).await;
    assert_eq!(again.get("/api/auth/me").await.json()["user"]["id"], first);
    assert_eq!(again.get("/api/auth/github/connection").await.json()["login"], "countess");
    assert_eq!(count(&app, "SELECT count(*) FROM users").await, 1);
}

#[tokio::test]
async fn a_login_that_is_taken_here_gets_an_end() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    app.signed_in("ADA-L").await;
    let mut browser = signed_in(&app, &github).await;
    let name = browser.get("/api/auth/me").await.json()["user"]["username"].as_str().unwrap().to_owned();
    assert!(name.starts_with("ada-l-") && name.len() == "ada-l-".len() + 4, "{name}");
    // A name that was GitHub's for somebody else is not the number of this one.
    github.sign_in(GitHubUser { emails: Vec::new(), ..GitHubUser::new(ADA + 1, "ada-l", "") });
    let mut other = signed_in(&app, &github).await;
    assert_ne!(other.get("/api/auth/me").await.json()["user"]["username"], name.as_str());
}

#[tokio::test]
async fn two_first_sign_ins_at_once_make_one_account() {
    let github = GitHub::start(ada()).await;
    let app = app_with(&github, &[("WARD_DATABASE_POOL", "8")]).await;
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let (mut browser, github) = (app.browser(), github.clone());
            tokio::spawn(async move { location(&sign_in(&mut browser, &github).await).to_owned() })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), "http://localhost:9000/app");
    }
    assert_eq!(count(&app, "SELECT count(*) FROM users").await, 1);
    assert_eq!(count(&app, "SELECT count(*) FROM oauth_connections").await, 1);
}

#[tokio::test]
async fn where_registration_is_not_open_a_stranger_stays_one() {
    for registration in ["closed", "address"] {
        let github = GitHub::start(ada()).await;
        let app = app_with(&github, &[("WARD_REGISTRATION", registration)]).await;
        for _ in 0..7 {
            let answer = sign_in(&mut app.browser(), &github).await;
            assert_eq!(location(&answer), "http://localhost:9000/app#/sign-in?error=registration_closed");
        }
        assert_eq!(count(&app, "SELECT count(*) FROM users").await, 0);
        assert_eq!(github.live_tokens(), [""; 0], "the tokens were given back");
    }
}

#[tokio::test]
async fn a_disabled_account_is_refused() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    signed_in(&app, &github).await;
    app.superuser().await.batch_execute("UPDATE users SET status = 'disabled'").await.unwrap();
    let mut browser = app.browser();
    let answer = sign_in(&mut browser, &github).await;
    assert_eq!(location(&answer), "http://localhost:9000/app#/sign-in?error=account_disabled");
    assert!(!browser.cookies.contains_key("__Host-ward_session"));
    assert_eq!(github.live_tokens().len(), 1, "the new token was given back");
    let noted =
        "SELECT count(*) FROM login_attempts JOIN users ON users.id = user_id WHERE result = 'account_disabled'";
    assert_eq!(count(&app, noted).await, 1);
}

#[tokio::test]
async fn the_second_factor_of_an_account_stays_in_force() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let mut owner = signed_in(&app, &github).await;
    let kept = owner.get("/api/auth/github/connection").await.json()["login"].clone();
    let enrol = "INSERT INTO two_factor_auth (id, user_id, method, created_at, confirmed_at)
                 SELECT gen_random_uuid(), id, 'totp', now(), now() FROM users";
    app.superuser().await.batch_execute(enrol).await.unwrap();
    github.sign_in(GitHubUser { login: "renamed".into(), ..ada() });
    let mut browser = app.browser();
    let answer = sign_in(&mut browser, &github).await;
    let fragment = location(&answer).strip_prefix("http://localhost:9000/app#/second-factor?challenge=").unwrap();
    assert!(fragment.ends_with("&methods=totp&expires_at=2026-03-14T15:14:26Z"), "{fragment}");
    assert_eq!(fragment.split('&').next().unwrap().len(), 43);
    assert!(!browser.cookies.contains_key("__Host-ward_session"));
    assert!(!browser.cookies.contains_key("__Host-ward_github"));
    // Until it is shown nothing of the grant is kept.
    assert_eq!(owner.get("/api/auth/github/connection").await.json()["login"], kept);
    assert_eq!(github.live_tokens().len(), 1);
}

#[tokio::test]
async fn a_code_of_the_app_ends_what_github_began_unless_the_account_has_changed() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let mut owner = signed_in(&app, &github).await;
    let (totp, _) = enrol_totp(&app, &mut owner).await;
    let challenge = |answer: &Answer| {
        let fragment = location(answer).split_once("challenge=").expect("a second factor is due").1;
        fragment.split('&').next().unwrap().to_owned()
    };
    let mut browser = app.browser();
    let due = challenge(&sign_in(&mut browser, &github).await);
    app.clock.advance(30);
    assert_eq!(answer(&mut browser, &due, "totp", &totp.code(&app)).await.status, 200);
    let session = browser.get("/api/auth/me").await.json()["session"].clone();
    assert_eq!((&session["assurance"], &session["methods"]), (&json!("aal2"), &json!(["github", "otp"])));

    let mut late = app.browser();
    let due = challenge(&sign_in(&mut late, &github).await);
    let changed = "UPDATE users SET security_version = security_version + 1";
    app.superuser().await.batch_execute(changed).await.unwrap();
    app.clock.advance(30);
    assert_eq!(answer(&mut late, &due, "totp", &totp.code(&app)).await.code(), "account_changed");
}

#[tokio::test]
async fn a_sign_in_ends_the_session_the_browser_had_and_never_connects_it() {
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    let mut grace = app.signed_in("grace").await;
    let before = grace.clone();
    // Whoever gets a signed-in browser to open the address signs it in elsewhere, and links nothing.
    assert_eq!(location(&sign_in(&mut grace, &github).await), "http://localhost:9000/app");
    assert_eq!(grace.get("/api/auth/me").await.json()["user"]["username"], "ada-l");
    assert_eq!(before.clone().get("/api/auth/me").await.status, 401);
    assert_eq!(count(&app, "SELECT count(*) FROM users").await, 2);
}

#[tokio::test]
async fn without_the_scope_there_are_no_addresses_and_an_account_all_the_same() {
    let github = GitHub::start(GitHubUser { name: Some("\u{7}".into()), ..ada() }).await;
    let app = app(&github).await;
    github.fault(Fault::NoAddresses);
    let mut browser = signed_in(&app, &github).await;
    assert_eq!(browser.get("/api/auth/me").await.json()["user"]["display_name"], "ada-l");
    assert_eq!(count(&app, "SELECT count(*) FROM user_contacts").await, 0);
}

#[tokio::test]
async fn a_new_account_takes_no_address_that_was_not_proved() {
    let emails = vec![
        ("ada@users.noreply.github.com".to_owned(), false, true),
        ("unproved@example.org".to_owned(), true, false),
        ("second@example.org".to_owned(), false, true),
    ];
    let github = GitHub::start(GitHubUser { emails, ..ada() }).await;
    let app = app(&github).await;
    signed_in(&app, &github).await;
    assert_eq!(count(&app, "SELECT count(*) FROM user_contacts").await, 0, "the primary one is not verified");
}

#[tokio::test]
async fn no_token_stands_in_clear_anywhere() {
    // The runtime has one thread, so everything the test does is logged here.
    let (log, _logging) = Log::start();
    // While there is one subscriber alone, a line that another test's thread comes to first is off for all threads.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let github = GitHub::start(ada()).await;
    let app = app(&github).await;
    github.expire_by(&app.clock);
    let mut browser = app.browser();
    let address = super::leave(&mut browser).await;
    let answers = [
        browser.get(&super::at_github(&github, &address)).await,
        browser.get("/api/auth/github/connection").await,
        browser.get("/api/github/user").await,
        refreshed(&app, &github, &mut browser).await,
        refused(&github, &mut browser).await,
    ];
    for answer in answers {
        let all = format!("{:?} {}", answer.headers, answer.text());
        assert!(!all.contains(TOKEN_MARK) && !all.contains("zq7-client-secret"), "{all}");
    }
    let database = app.superuser().await;
    database.batch_execute("SET bytea_output = 'escape'").await.unwrap();
    let tables = database.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", &[]).await.unwrap();
    for table in tables.iter().map(|row| row.get::<_, &str>(0)) {
        for row in database.query(&format!("SELECT t::text FROM {table} t"), &[]).await.unwrap() {
            let row: &str = row.get(0);
            for secret in [TOKEN_MARK, "ada-l", "ada@example.org", "Lovelace"] {
                assert!(!row.contains(secret), "{table} holds {secret}: {row}");
            }
        }
    }
    let log = log.text();
    assert!(log.contains("request"), "the log was written");
    for secret in [TOKEN_MARK, "zq7-client-secret", "ada-l", "ada@example.org"] {
        assert!(!log.contains(secret), "the log holds {secret}");
    }
}

async fn refreshed(app: &TestApp, github: &GitHub, browser: &mut Browser) -> Answer {
    let soon = "UPDATE oauth_connections SET access_expires_at = '2026-03-14T15:10:00Z'";
    app.superuser().await.batch_execute(soon).await.unwrap();
    let answer = browser.get("/api/github/user").await;
    assert_eq!((answer.status.as_u16(), github.refreshes()), (200, 1));
    answer
}

async fn refused(github: &GitHub, browser: &mut Browser) -> Answer {
    github.end_tokens(true);
    let answer = browser.get("/api/github/repos/octo/site").await;
    assert_eq!(answer.code(), "github_reconnect");
    answer
}
