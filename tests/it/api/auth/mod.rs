//! `/api/auth`.

mod access_tokens;
mod addresses;
mod api_keys;
mod bearer;
pub mod clients;
mod device_limits;
mod devices;
pub mod enrolled;
mod enumeration;
mod factor_rules;
mod factor_step_up;
mod factors;
mod forged_tokens;
pub mod github;
mod jwks;
mod late_requests;
mod login;
mod notices;
mod passkey_bodies;
mod passkey_counters;
mod passkey_enrolment;
mod passkey_management;
mod passkeys;
mod passwords;
pub mod people;
mod recovery;
mod recovery_factors;
pub mod recovery_links;
mod refresh;
mod refresh_tokens;
mod second_factor;
mod sent_codes;
mod session;
mod sessions;
mod sign_up;
mod step_up;
mod throttling;
mod trusted_devices;
mod usernames;
mod validate;
mod well_known;

use tests::{Browser, TestApp};

const PASSKEYS: &str = "/api/auth/passkeys";
const PASSKEY_OPTIONS: &str = "/api/auth/passkeys/options";

/// The ids of the passkeys of whoever is signed in.
async fn passkey_ids(browser: &mut Browser) -> Vec<String> {
    let list = browser.get(PASSKEYS).await.json();
    list["passkeys"].as_array().unwrap().iter().map(|passkey| passkey["id"].as_str().unwrap().to_owned()).collect()
}

/// One column of what a statement finds, as text, in the order of the statement.
pub async fn column(app: &TestApp, sql: &str) -> Vec<String> {
    let rows = app.superuser().await.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get::<_, Option<String>>(0).unwrap_or_else(|| "null".to_owned())).collect()
}

/// The same user in another browser, on a device of its own, with the same authenticator.
async fn second_browser(app: &TestApp, first: &Browser) -> Browser {
    let mut second = app.browser();
    second.authenticator = first.authenticator.clone();
    let answer = second.sign_in().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    second
}

/// Makes every session of the database one that was begun by a password alone, by an account that has one, and has the
/// cache notice.
async fn weaken(app: &TestApp) {
    let database = app.superuser().await;
    database
        .batch_execute(
            "UPDATE sessions SET assurance = 1, methods = '{pwd}';
             INSERT INTO passwords (user_id, hash, suffices, changed_at) SELECT id, 'x', true, created_at FROM users",
        )
        .await
        .unwrap();
    app.clock.advance(61);
}

/// Returns once so many transactions wait for a row that another holds.
async fn until_waiting(app: &TestApp, transactions: i64) {
    let watcher = app.superuser().await;
    let waiting = "SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let began = std::time::Instant::now();
    while watcher.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) < transactions {
        assert!(began.elapsed().as_secs() < 10, "nobody waits");
        tokio::task::yield_now().await;
    }
}
