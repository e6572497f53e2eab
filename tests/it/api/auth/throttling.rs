//! Guessing passwords: slowed down, written down, and never a way to lock somebody out for good.

use futures_util::future::join_all;
use serde_json::json;
use tests::{Answer, Browser, Proxy, Services, Target, TestApp};

use super::column;
use super::people::*;

/// The wait a refusal names.
#[track_caller]
fn wait(answer: &Answer) -> i64 {
    refused(answer, 429, "sign_in_throttled");
    answer.headers["retry-after"].to_str().unwrap().parse().unwrap()
}

async fn fail(browser: &mut Browser, username: &str, times: usize) {
    for _ in 0..times {
        refused(&login(browser, username, WRONG).await, 401, "credentials_invalid");
    }
}

async fn events(app: &TestApp, kind: &str) -> Vec<String> {
    let sql = format!("SELECT severity || ' ' || details FROM security_events WHERE event_type = '{kind}'");
    column(app, &sql).await
}

#[tokio::test]
async fn five_failures_are_enough_for_one_address() {
    let app = TestApp::new().await;
    user(&app, "ada").await;
    let mut attacker = stranger(&app, 1);
    fail(&mut attacker, "ada", 5).await;
    let answer = login(&mut attacker, "ada", PASSWORD).await;
    assert_eq!(wait(&answer), 900);
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("Try again in 900 seconds"), "{detail}");
    // Neither another name there nor the name elsewhere is.
    refused(&login(&mut attacker, "grace", WRONG).await, 401, "credentials_invalid");
    assert_eq!(login(&mut stranger(&app, 2), "ada", PASSWORD).await.status, 200);
    app.clock.advance(899);
    assert_eq!(wait(&login(&mut attacker, "ada", PASSWORD).await), 1);
    app.clock.advance(1);
    assert_eq!(login(&mut attacker, "ada", PASSWORD).await.status, 200);
    assert_eq!(events(&app, "login_failed").await.len(), 6);
    let results = "SELECT result FROM login_attempts WHERE method = 'password' ORDER BY result";
    let expected = [
        ["success"; 2].as_slice(),
        ["throttled"; 2].as_slice(),
        ["unknown_account"; 1].as_slice(),
        ["wrong_password"; 5].as_slice(),
    ];
    assert_eq!(column(&app, results).await, expected.concat());
}

#[tokio::test]
async fn a_success_begins_anew() {
    let app = TestApp::new().await;
    user(&app, "ada").await;
    let mut browser = stranger(&app, 1);
    for _ in 0..4 {
        fail(&mut browser, "ada", 4).await;
        assert_eq!(login(&mut browser, "ada", PASSWORD).await.status, 200);
        browser.cookies.clear();
    }
    assert!(events(&app, "account_locked").await.is_empty(), "sixteen, but never ten in a row");
}

#[tokio::test]
async fn ten_in_a_row_from_many_addresses_slow_the_account_down() {
    let app = TestApp::new().await;
    user(&app, "ada").await;
    for number in 1..=10 {
        fail(&mut stranger(&app, number), "ada", 1).await;
    }
    assert_eq!(events(&app, "account_locked").await, [r#"high {"method": "password", "in_a_row": 10}"#]);
    let mut expected = 30;
    for number in 11..=16 {
        let mut browser = stranger(&app, number);
        assert_eq!(wait(&login(&mut browser, "ada", PASSWORD).await), expected);
        // Coming meanwhile makes it no longer.
        app.clock.advance(expected - 1);
        assert_eq!(wait(&login(&mut browser, "ada", PASSWORD).await), 1);
        app.clock.advance(1);
        fail(&mut browser, "ada", 1).await;
        expected = (expected * 2).min(900);
    }
    app.clock.advance(900);
    assert_eq!(login(&mut stranger(&app, 17), "ada", PASSWORD).await.status, 200);
    fail(&mut stranger(&app, 18), "ada", 1).await;
    assert_eq!(login(&mut stranger(&app, 18), "ada", PASSWORD).await.status, 200, "it is forgotten");
}

/// A user with a password, a passkey and a device; the number of failures in a row is put where the test needs it.
async fn nearly_closed(app: &TestApp) -> Browser {
    let mut browser = user(app, "ada").await;
    assert!(browser.add_passkey("key").await.status.is_success());
    fail(&mut stranger(app, 1), "ada", 1).await;
    set_failures(app, 49).await;
    browser
}

async fn set_failures(app: &TestApp, failures: i64) {
    let set = "UPDATE sign_in_failures SET failures = $1, blocked_until = NULL";
    app.superuser().await.execute(set, &[&failures]).await.unwrap();
}

#[tokio::test]
async fn fifty_in_a_row_from_elsewhere_close_the_password_until_a_passkey_opens_it() {
    let app = TestApp::new().await;
    let mut known = nearly_closed(&app).await;
    fail(&mut stranger(&app, 2), "ada", 1).await;
    assert_eq!(events(&app, "account_locked").await, [r#"high {"method": "password", "in_a_row": 50}"#]);
    app.clock.advance(3_600);
    assert_eq!(wait(&login(&mut stranger(&app, 3), "ada", PASSWORD).await), 86_400);
    app.clock.advance(86_400);
    assert_eq!(wait(&login(&mut stranger(&app, 4), "ada", PASSWORD).await), 86_400, "no time opens it");

    // A passkey and a device the account knows are none of the attacker's business.
    let mut on_its_device = known.clone();
    on_its_device.lose_session();
    on_its_device.address = stranger(&app, 2).address;
    assert_eq!(login(&mut on_its_device, "ada", PASSWORD).await.status, 200);
    assert_eq!(login(&mut stranger(&app, 5), "ada", PASSWORD).await.status, 200, "that success opened it");

    fail(&mut stranger(&app, 6), "ada", 1).await;
    set_failures(&app, 100).await;
    assert_eq!(wait(&login(&mut stranger(&app, 7), "ada", PASSWORD).await), 86_400);
    known.cookies.clear();
    known.csrf = None;
    known.address = stranger(&app, 8).address;
    assert_eq!(known.sign_in().await.status, 200);
    assert_eq!(login(&mut stranger(&app, 9), "ada", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_known_device_has_counts_of_its_own() {
    let app = TestApp::with(&[("WARD_LIMIT_ANONYMOUS", "1000")]).await;
    let mut device = user(&app, "ada").await;
    device.lose_session();
    // Somebody at the same address uses up what the address has.
    let mut attacker = app.browser();
    for number in 0..10 {
        fail(&mut attacker, &format!("nobody {number}"), 5).await;
    }
    wait(&login(&mut attacker, "ada", WRONG).await);
    assert_eq!(login(&mut device.clone(), "ada", PASSWORD).await.status, 200);
    fail(&mut device, "ada", 5).await;
    wait(&login(&mut device, "ada", PASSWORD).await);
    device.address = stranger(&app, 1).address;
    wait(&login(&mut device, "ada", PASSWORD).await);
    assert_eq!(login(&mut stranger(&app, 1), "ada", PASSWORD).await.status, 200, "another device there");
    // Nobody else's account knows it.
    user(&app, "grace").await;
    fail(&mut device, "grace", 5).await;
    wait(&login(&mut device, "grace", PASSWORD).await);
}

#[tokio::test]
async fn a_passkey_opens_the_device_it_is_used_on() {
    let app = TestApp::new().await;
    let mut device = nearly_closed(&app).await;
    device.lose_session();
    fail(&mut device, "ada", 1).await;
    set_failures(&app, 100).await;
    assert_eq!(wait(&login(&mut device, "ada", PASSWORD).await), 86_400);
    assert_eq!(device.sign_in().await.status, 200);
    device.lose_session();
    assert_eq!(login(&mut device, "ada", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn many_accounts_from_one_address_raise_one_alarm() {
    let app = TestApp::with(&[("WARD_LIMIT_ANONYMOUS", "1000")]).await;
    user(&app, "ada").await;
    let mut attacker = stranger(&app, 1);
    for number in 0..50 {
        fail(&mut attacker, &format!("nobody {number}"), 1).await;
    }
    assert!(events(&app, "brute_force_detected").await.is_empty());
    for number in 50..54 {
        wait(&login(&mut attacker, &format!("nobody {number}"), WRONG).await);
    }
    wait(&login(&mut attacker, "ada", PASSWORD).await);
    assert_eq!(events(&app, "brute_force_detected").await, [r#"critical {"failures": 50}"#]);
    assert_eq!(login(&mut stranger(&app, 2), "ada", PASSWORD).await.status, 200);
    app.clock.advance(900);
    assert_eq!(login(&mut attacker.clone(), "ada", PASSWORD).await.status, 200);
    for number in 0..52 {
        login(&mut attacker, &format!("nobody {number}"), WRONG).await;
    }
    assert_eq!(events(&app, "brute_force_detected").await.len(), 2, "once in each window");
}

#[tokio::test]
async fn a_lost_cache_opens_no_limit() {
    let cache = Proxy::before(Target::Unix(Services::get().redis_socket().to_owned())).await;
    let redis = format!("redis://127.0.0.1:{}", cache.port);
    let app = TestApp::with(&[("REDIS_URL", &redis)]).await;
    user(&app, "ada").await;
    let mut attacker = stranger(&app, 1);
    fail(&mut attacker, "ada", 3).await;
    let flushed = std::process::Command::new("redis-cli")
        .arg("-s")
        .arg(Services::get().redis_socket())
        .args(["EVAL", "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end", "0"])
        .arg(format!("{}:*", app.platform.settings.app))
        .status()
        .unwrap();
    assert!(flushed.success());
    fail(&mut attacker, "ada", 1).await;
    cache.cut();
    fail(&mut attacker, "ada", 1).await;
    wait(&login(&mut attacker, "ada", PASSWORD).await);
    cache.mend();
    wait(&login(&mut attacker, "ada", PASSWORD).await);
}

#[tokio::test]
async fn of_parallel_guesses_as_many_are_checked_as_of_others() {
    let app = TestApp::with(&[("WARD_PASSWORD_QUEUE", "100")]).await;
    user(&app, "ada").await;
    let mut browsers: Vec<_> = (0..20).map(|_| stranger(&app, 1)).collect();
    let answers = join_all(browsers.iter_mut().map(|browser| login(browser, "ada", WRONG))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), 5);
    assert_eq!(answers.iter().filter(|answer| answer.status == 429).count(), 15);

    // From as many addresses: the tenth in a row is the last before a wait.
    user(&app, "grace").await;
    let mut browsers: Vec<_> = (0..40).map(|number| stranger(&app, 100 + number)).collect();
    let answers = join_all(browsers.iter_mut().map(|browser| login(browser, "grace", WRONG))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), 10);
    assert_eq!(answers.iter().filter(|answer| answer.status == 429).count(), 30);
}

#[tokio::test]
async fn parallel_sign_ins_and_guesses_do_not_stand_in_each_others_way() {
    let app = TestApp::with(&[("WARD_PASSWORD_QUEUE", "100"), ("WARD_LIMIT_SIGN_IN", "100")]).await;
    user(&app, "ada").await;
    let mut browsers: Vec<_> = (0..24).map(|_| stranger(&app, 1)).collect();
    let passwords = [PASSWORD, WRONG].into_iter().cycle();
    let tries = browsers.iter_mut().zip(passwords).map(|(browser, password)| login(browser, "ada", password));
    let answers = join_all(tries).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 12);
    assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), 12);
}

#[tokio::test]
async fn what_is_written_down_names_nobody() {
    let app = TestApp::new().await;
    user_at(&app, "zq-ada", "email", "zq-ada@example.org").await;
    let mut browser = stranger(&app, 1);
    let by_email = json!({"email": "zq-ada@example.org", "password": WRONG});
    refused(&browser.post(LOGIN, by_email).await, 401, "credentials_invalid");
    fail(&mut browser, "zq-ada", 1).await;
    fail(&mut browser, "zq-nobody", 5).await;
    wait(&login(&mut browser, "zq-nobody", WRONG).await);
    let database = app.superuser().await;
    database.batch_execute("SET bytea_output = 'escape'").await.unwrap();
    for table in ["login_attempts", "security_events", "sign_in_failures"] {
        let rows = database.query(&format!("SELECT t::text FROM {table} t"), &[]).await.unwrap();
        assert!(rows.len() > 3, "{table}");
        for row in rows {
            let row: &str = row.get(0);
            assert!(!row.contains("zq-") && !row.contains("example.org") && !row.contains("otters"), "{table}: {row}");
        }
    }
    let whose = "SELECT count(DISTINCT identifier_index)::text FROM login_attempts WHERE method = 'password'";
    assert_eq!(column(&app, whose).await, ["3"], "each name by its index");
}
