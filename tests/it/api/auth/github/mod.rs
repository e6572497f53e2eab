//! `/api/auth/github`.

mod connect;
mod connection;
mod linking;
mod sign_in;
mod visit;

use axum::http::StatusCode;
use shared::vault::Field;
use tests::github::{GitHub, GitHubUser};
use tests::{Answer, Browser, TestApp};

/// The number of Ada's GitHub account.
pub const ADA: u64 = 42;

/// Ada at GitHub.
pub fn ada() -> GitHubUser {
    GitHubUser { name: Some("Ada Lovelace".into()), ..GitHubUser::new(ADA, "ada-l", "ada@example.org") }
}

/// An application that signs in with GitHub.
pub async fn app(github: &GitHub) -> TestApp {
    app_with(github, &[]).await
}

/// The same with some settings.
pub async fn app_with(github: &GitHub, others: &[(&str, &str)]) -> TestApp {
    let settings = github.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    TestApp::with(&[&settings[..], others].concat()).await
}

/// Where an answer leads.
pub fn location(answer: &Answer) -> &str {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    answer.headers["location"].to_str().unwrap()
}

/// Begins a sign-in; gives GitHub's address.
pub async fn leave(browser: &mut Browser) -> String {
    location(&browser.get("/api/auth/github?return_to=/app").await).to_owned()
}

/// GitHub's answer to an address: the path of the callback.
pub fn at_github(github: &GitHub, address: &str) -> String {
    let back = github.visit(address).unwrap();
    back.strip_prefix("http://localhost:9000").expect("our own origin").to_owned()
}

/// A whole sign-in: there and back.
pub async fn sign_in(browser: &mut Browser, github: &GitHub) -> Answer {
    let address = leave(browser).await;
    browser.get(&at_github(github, &address)).await
}

/// The same, where it has to work; the browser knows its CSRF token afterwards.
pub async fn signed_in(app: &TestApp, github: &GitHub) -> Browser {
    let mut browser = app.browser();
    let answer = sign_in(&mut browser, github).await;
    assert_eq!(location(&answer), "http://localhost:9000/app");
    learn_csrf(&mut browser).await;
    browser
}

/// Asks for the session's CSRF token.
pub async fn learn_csrf(browser: &mut Browser) {
    browser.csrf = browser.get("/api/auth/csrf").await.json()["csrf_token"].as_str().map(str::to_owned);
}

/// Stores an address of a user's, proved or not.
pub async fn store_address(app: &TestApp, user: &str, address: &str, verified: bool) {
    let (platform, user) = (&app.platform, user.parse::<uuid::Uuid>().unwrap());
    let id = platform.new_id().unwrap();
    let index = platform.vault.blind_index(&platform.db, "user_contacts.email", None, address).await.unwrap();
    let field = Field { table: "user_contacts", column: "address", row: &id.to_string() };
    let key = platform.vault.owner_key(&platform.db, user).await.unwrap();
    let sealed = key.seal(&field, address.as_bytes()).unwrap();
    let verified_at = verified.then(|| app.clock.now());
    let database = app.superuser().await;
    database
        .execute(
            "INSERT INTO user_contacts (id, user_id, kind, address, address_index, verified_at, created_at)
             VALUES ($1, $2, 'email', $3, $4, $5, now())",
            &[&id, &user, &sealed, &index.as_bytes(), &verified_at],
        )
        .await
        .unwrap();
}

/// How many rows a query counts, past row-level security.
pub async fn count(app: &TestApp, query: &str) -> i64 {
    app.superuser().await.query_one(query, &[]).await.unwrap().get(0)
}
