//! `/api/auth/recovery`: a link by email, and what it opens.

use std::collections::BTreeMap;

use axum::http::Method;
use futures_util::future::join_all;
use serde_json::json;
use tests::{Answer, Services, TestApp};

use super::clients::{PASSWORD, hold};
use super::column;
use super::recovery_links::{
    COMPLETE, EMAIL, NEW_PASSWORD, RECOVERY, ada, add_address, complete, link_invalid, log_in, newest, refusal, token,
    with_email,
};

const ME: &str = "/api/auth/me";

/// How many rows each table has.
async fn rows(app: &TestApp) -> BTreeMap<String, i64> {
    let database = app.superuser().await;
    let mut rows = BTreeMap::new();
    for table in column(app, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'").await {
        let count = database.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap().get(0);
        rows.insert(table, count);
    }
    rows
}

#[tokio::test]
async fn recovery_says_and_writes_the_same_for_known_and_unknown_addresses() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    add_address(&app, &mut browser, "email", "unproved@example.org", false).await;
    let mut seen = Vec::new();
    for (email, template) in [
        (EMAIL, "recovery"),
        ("nobody@example.org", "recovery_unknown"),
        ("unproved@example.org", "recovery_unknown"),
        ("ADA@EXAMPLE.ORG", "recovery"),
    ] {
        // So that a counter that exists already is not taken for a difference.
        app.superuser().await.batch_execute("DELETE FROM sign_in_failures").await.unwrap();
        let (before, sent) = (rows(&app).await, app.outbox().len());
        let mut answer = app.browser().post(RECOVERY, json!({"email": email})).await;
        let (after, outbox) = (rows(&app).await, app.outbox());
        assert_eq!((outbox.len() - sent, outbox[0].to.as_str(), outbox[0].template.as_str()), (1, email, template));
        assert_eq!(outbox[0].link.is_some(), template == "recovery");
        let written: Vec<_> = after.iter().filter(|(table, count)| before[*table] != **count).collect();
        let written: Vec<_> =
            written.iter().map(|(table, count)| ((*table).clone(), **count - before[*table])).collect();
        for own in ["x-request-id", "ratelimit"] {
            answer.headers.remove(own);
        }
        seen.push((answer.status, answer.headers, answer.body, written));
    }
    assert_eq!(seen[0].0, 202);
    assert!(seen[0].2.is_empty());
    assert!(seen[0].3.iter().any(|(table, count)| table == "account_recovery" && *count == 1));
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:#?}");
}

#[tokio::test]
async fn the_links_token_stands_in_the_fragment_of_an_address_of_the_settings() {
    let app = TestApp::new().await;
    ada(&app).await;
    let mut browser = app.browser();
    let body = json!({"email": EMAIL}).to_string().into_bytes();
    let mut request = browser.request(&Method::POST, RECOVERY, Some(("application/json", body)));
    for (name, value) in [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("forwarded", "host=evil.example"),
        ("referer", "http://evil.example/"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    assert_eq!(browser.send_request(request).await.status, 202);
    let link = newest(&app, EMAIL).link.unwrap();
    let (before, token) = link.split_once("token=").unwrap();
    assert_eq!(before, "http://localhost:9000/#/recover?", "no server is ever told what comes after the #");
    assert_eq!(token.len(), 43);

    // What follows links uses nothing up: a mail scanner, a preview, a page that was opened twice.
    for path in ["/", RECOVERY, COMPLETE, "/api/auth/recovery/options"] {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            let answer = browser.send(method, &format!("{path}?token={token}"), None).await;
            assert!(!answer.status.is_success() || path == "/", "{path}");
        }
    }
    assert_eq!(complete(&app, token).await.status, 204);
}

#[tokio::test]
async fn a_new_password_ends_every_session_and_tells_every_proved_address() {
    let redis = format!("redis+unix://{}", Services::get().redis_socket().display());
    for settings in [vec![], vec![("REDIS_URL", redis.as_str())]] {
        let app = TestApp::with(&settings).await;
        let mut cookie = ada(&app).await;
        add_address(&app, &mut cookie, "phone", "+254711123456", true).await;
        add_address(&app, &mut cookie, "email", "other@example.org", true).await;
        add_address(&app, &mut cookie, "email", "unproved@example.org", false).await;
        let mut client = app.browser();
        let login = json!({"username": "ada", "password": PASSWORD, "session": "token"});
        let answer = client.post("/api/auth/login", login).await;
        let tokens = hold(&mut client, &answer);
        for browser in [&mut cookie, &mut client] {
            assert_eq!(browser.get(ME).await.status, 200);
        }
        let (other, link) = (token(&app, EMAIL).await, token(&app, "other@example.org").await);

        let sent = app.outbox().len();
        assert_eq!(complete(&app, &link).await.status, 204);
        assert_eq!((cookie.get(ME).await.status.as_u16(), client.get(ME).await.status.as_u16()), (401, 401));
        client.bearer = None;
        let refresh = client.post("/api/auth/refresh", json!({"refresh_token": tokens["refresh_token"]})).await;
        assert_eq!(refresh.code(), "refresh_token_invalid");
        assert_eq!(log_in(&app, PASSWORD).await.code(), "credentials_invalid");
        let outbox = app.outbox();
        let notices = &outbox[..outbox.len() - sent];
        assert!(notices.iter().all(|notice| notice.template == "notice" && notice.text.contains("recovered")));
        let mut told: Vec<&str> = notices.iter().map(|notice| notice.to.as_str()).collect();
        told.sort_unstable();
        assert_eq!(told, ["+254711123456", EMAIL, "other@example.org"]);
        assert_eq!(log_in(&app, NEW_PASSWORD).await.status, 200);

        assert_eq!(refusal(&complete(&app, &other).await), link_invalid(), "the user's other links are void");
        let used = "SELECT (used_at IS NOT NULL)::text FROM account_recovery ORDER BY id";
        assert_eq!(column(&app, used).await, ["false", "true"]);
        let event = "SELECT severity FROM security_events WHERE event_type = 'recovery_completed'";
        assert_eq!(column(&app, event).await, ["high"]);
        assert_eq!(column(&app, "SELECT event FROM session_audits WHERE event = 'revoked'").await.len(), 2);
        assert_eq!(column(&app, "SELECT action FROM audit_log WHERE action = 'auth.recover'").await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_used_once_whoever_is_quick() {
    let app = TestApp::new().await;
    ada(&app).await;
    let link = token(&app, EMAIL).await;
    let tries = (0..10).map(|_| {
        let (mut browser, body) = (app.browser(), json!({"token": link, "new_password": NEW_PASSWORD}));
        tokio::spawn(async move { browser.post(COMPLETE, body).await })
    });
    let answers: Vec<Answer> = join_all(tries).await.into_iter().map(Result::unwrap).collect();
    let (done, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 204);
    assert_eq!(done.len(), 1);
    for answer in refused {
        // One that was late enough finds the password in the history.
        let code = answer.code();
        assert!(answer.status == 400 && (code == "link_invalid" || code == "password_reused"), "{code}");
    }
    assert_eq!(refusal(&complete(&app, &link).await), link_invalid());
    let events = "SELECT severity FROM security_events WHERE event_type = 'recovery_completed'";
    assert_eq!(column(&app, events).await.len(), 1);
}

#[tokio::test]
async fn a_link_that_is_late_or_made_up_opens_nothing() {
    let app = TestApp::new().await;
    ada(&app).await;
    let (late, unknown) = (token(&app, EMAIL).await, "A".repeat(43));
    app.clock.advance(1800);
    let short = &late[..42];
    for token in [late.as_str(), &unknown, short, "", "../../x", "%00"] {
        let mut browser = app.browser();
        let body = json!({"token": token, "new_password": NEW_PASSWORD});
        assert_eq!(refusal(&browser.post(COMPLETE, body).await), link_invalid());
        assert_eq!(refusal(&browser.post("/api/auth/recovery/options", json!({"token": token})).await), link_invalid());
        let body = json!({"token": token, "method": "sms"});
        assert_eq!(refusal(&browser.post("/api/auth/recovery/send", body).await), link_invalid());
    }
    let in_time = token(&app, EMAIL).await;
    app.clock.advance(1799);
    assert_eq!(complete(&app, &in_time).await.status, 204);
}

#[tokio::test]
async fn the_rules_of_passwords_hold_and_leave_the_link_as_it_was() {
    let app = TestApp::new().await;
    ada(&app).await;
    let link = token(&app, EMAIL).await;
    for (password, code) in
        [("short", "password_too_short"), ("adaadaadaadaadaada", "password_too_weak"), (PASSWORD, "password_reused")]
    {
        let answer = app.browser().post(COMPLETE, json!({"token": link, "new_password": password})).await;
        assert_eq!(refusal(&answer), (400, code.to_owned()));
    }
    assert_eq!(log_in(&app, PASSWORD).await.status, 200);
    assert_eq!(complete(&app, &link).await.status, 204);
}

#[tokio::test]
async fn who_is_disabled_stays_out_and_who_is_invited_comes_in() {
    let app = TestApp::new().await;
    let mut browser = ada(&app).await;
    add_address(&app, &mut browser, "email", "invited@example.org", false).await;
    let link = token(&app, EMAIL).await;
    let database = app.superuser().await;
    database.batch_execute("UPDATE users SET status = 'disabled'").await.unwrap();
    assert_eq!(refusal(&complete(&app, &link).await), (403, "account_disabled".into()));
    let options = app.browser().post("/api/auth/recovery/options", json!({"token": link})).await;
    assert_eq!(refusal(&options), (403, "account_disabled".into()));

    // An invitation: a link that proves the address it was sent to.
    database
        .batch_execute(
            "UPDATE users SET status = 'invited';
             UPDATE account_recovery SET contact_id = (SELECT id FROM user_contacts WHERE verified_at IS NULL)",
        )
        .await
        .unwrap();
    assert_eq!(log_in(&app, PASSWORD).await.code(), "account_invited");
    assert_eq!(complete(&app, &link).await.status, 204);
    assert_eq!(column(&app, "SELECT status FROM users").await, ["active"]);
    assert_eq!(column(&app, "SELECT kind FROM user_contacts WHERE verified_at IS NULL").await.len(), 0);
    let login = json!({"email": "invited@example.org", "password": NEW_PASSWORD});
    assert_eq!(app.browser().post("/api/auth/login", login).await.status, 200);
}

#[tokio::test]
async fn requests_are_limited_by_client_and_by_address() {
    let app = TestApp::with(&[("WARD_LIMIT_ANONYMOUS", "1000")]).await;
    ada(&app).await;
    app.clock.advance(900);
    let mut asked = BTreeMap::new();
    for client in 1..=4 {
        let mut browser = app.browser();
        browser.address = format!("192.0.2.{client}:1").parse().unwrap();
        for email in [EMAIL, "nobody@example.org"] {
            for _ in 0..6 {
                let answer = browser.post(RECOVERY, json!({"email": email})).await;
                let refused = answer.status == 429;
                assert!(refused || answer.status == 202, "{}", answer.text());
                assert!(!refused || answer.code() == "sign_in_throttled" && answer.headers.contains_key("retry-after"));
                *asked.entry((email, client)).or_insert(0) += i32::from(!refused);
            }
        }
    }
    for email in [EMAIL, "nobody@example.org"] {
        let each: Vec<i32> = (1..=4).map(|client| asked[&(email, client)]).collect();
        assert_eq!(each[0], 5, "one client, one address");
        assert!(each.iter().sum::<i32>() <= 10, "one address, whoever asks: {each:?}");
    }
    app.clock.advance(900);
    assert_eq!(app.browser().post(RECOVERY, json!({"email": EMAIL})).await.status, 202);
}

#[tokio::test]
async fn recovery_refuses_a_malformed_body() {
    let app = TestApp::new().await;
    ada(&app).await;
    let link = token(&app, EMAIL).await;
    let mut browser = app.browser();
    for email in ["", "x", "@example.org", "a@b@c"] {
        assert_eq!(browser.post(RECOVERY, json!({"email": email})).await.code(), "invalid_email");
    }
    for (path, body) in [
        (RECOVERY, json!({})),
        (RECOVERY, json!({"email": EMAIL, "user_id": "x"})),
        ("/api/auth/recovery/options", json!({})),
        ("/api/auth/recovery/options", json!({"token": link, "user_id": "x"})),
        ("/api/auth/recovery/send", json!({"token": link})),
        ("/api/auth/recovery/send", json!({"token": link, "method": "pigeon"})),
        (COMPLETE, json!({"new_password": NEW_PASSWORD})),
        (COMPLETE, json!({"token": link, "new_password": NEW_PASSWORD, "user_id": "x"})),
        (COMPLETE, json!({"token": link, "credential": {}})),
    ] {
        let answer = browser.post(path, body).await;
        assert_eq!(refusal(&answer), (422, "invalid_body".into()), "{path}");
    }
    let neither = browser.post(COMPLETE, json!({"token": link})).await;
    assert_eq!(refusal(&neither), (400, "replacement_needed".into()));
    assert_eq!(complete(&app, &link).await.status, 204);
    assert_eq!(column(&app, "SELECT count(*)::text FROM users").await, ["1"]);
}

#[tokio::test]
async fn a_link_leads_into_its_own_account() {
    let app = TestApp::new().await;
    ada(&app).await;
    let mut grace = with_email(&app, "grace", "grace@example.org").await;
    let (link, graces) = (token(&app, EMAIL).await, token(&app, "grace@example.org").await);
    // A passkey made with one link is none for the other.
    let mut browser = app.browser();
    let options = browser.post("/api/auth/recovery/options", json!({"token": graces})).await.json();
    let credential = browser.authenticator.create(&options);
    let answer = browser.post(COMPLETE, json!({"token": link, "credential": credential})).await;
    assert_eq!(refusal(&answer), (400, "ceremony_expired".into()));
    assert_eq!(complete(&app, &link).await.status, 204);
    assert_eq!(grace.get(ME).await.status, 200);
    let login = json!({"username": "grace", "password": PASSWORD});
    assert_eq!(app.browser().post("/api/auth/login", login).await.status, 200);
    let completed = app.browser().post(COMPLETE, json!({"token": graces, "new_password": NEW_PASSWORD})).await;
    assert_eq!(completed.status, 204, "her link is hers still");
}
