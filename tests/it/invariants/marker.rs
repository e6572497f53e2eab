//! No PHI and no secret outside the vault: a marker goes in through every route, and is looked for in every sink.

use std::time::Duration;

use auth::delivery::{Delivery, EmailAddress, Message, Template};
use axum::http::Method;
use serde_json::{Value, json};
use tests::model::provider;
use tests::{Answer, Browser, Log, Services, SmtpMode, SmtpServer, TestApp};
use uuid::Uuid;

use super::{marker_directory, marker_files, marker_storage, marker_users};
use crate::api::auth::enrolled::{answer, codes, enrol_codes, enrol_totp, post, step_up};
use crate::api::auth::people::{self, change, signed_in, with};
use crate::api::auth::{clients, recovery_links};

/// What is looked for.
pub const MARKER: &str = "zq7marker";

#[tokio::test]
async fn a_marker_is_found_in_no_sink() {
    // The runtime has one thread, so everything the test does is logged here.
    let (log, _logging) = Log::start();
    let redis = format!("redis+unix://{}", Services::get().redis_socket().display());
    let refusing = SmtpServer::start(SmtpMode::Refuse).await.url();
    let mail = [("WARD_EMAIL", "smtp,outbox"), ("SMTP_URL", &refusing), ("WARD_EMAIL_FROM", "ward@example.org")];
    let app = TestApp::with(&[&[("REDIS_URL", redis.as_str())], &mail[..]].concat()).await;
    let failing = provider(500, "text/plain", vec![MARKER.into()], false).await;
    let without_model = TestApp::with(&[("OPENAI_BASE_URL", &failing), ("REDIS_URL", &redis)]).await;

    let mut secrets = vec![MARKER.to_owned()];
    let mut codes = Vec::new();
    for app in [&app, &without_model] {
        let mut browser = app.browser();
        let marked = |text: &str| format!("{text} {MARKER}");
        browser.register(&marked("user")).await;
        secrets.push(browser.cookies["__Host-ward_session"].clone());
        secrets.push(browser.csrf.clone().unwrap());
        assert_eq!(browser.add_passkey(&marked("key")).await.status, 201);
        let device = browser.get("/api/auth/devices").await.json()["devices"][0]["id"].clone();
        let device = format!("/api/auth/devices/{}", device.as_str().unwrap());
        assert_eq!(browser.patch(&device, json!({"name": marked("device")})).await.status, 204);
        assert_eq!(browser.step_up().await.status, 200);
        secrets.push(browser.cookies["__Host-ward_session"].clone());
        secrets.push(browser.csrf.clone().unwrap());
        secrets.push(browser.cookies["__Host-ward_device"].clone());
        browser.get("/api/auth/passkeys").await;
        browser.get("/api/auth/sessions").await;
        let mut refusals = Vec::new();
        refusals.push(browser.patch(&device, json!({"name": MARKER.repeat(9)})).await);
        refusals.push(browser.post("/api/auth/step-up", json!({"method": MARKER})).await);
        browser.post("/api/storage/set", json!({"key": marked("key"), "value": {"note": marked("value")}})).await;
        browser.get(&format!("/api/storage/get?key=key%20{MARKER}")).await;
        browser.get("/api/storage/keys").await;
        marker_storage::walk(&mut browser, &mut refusals).await;
        let chat = browser.post("/api/chats", json!({"title": marked("t"), "patient_id": marked("p")})).await;
        let chat = chat.json()["id"].as_str().unwrap().to_owned();
        browser.post("/api/chats/search", json!({"patient_id": marked("p")})).await;
        browser.post(&format!("/api/chats/{chat}/messages"), json!({"content": marked("hello")})).await;
        browser.get(&format!("/api/chats/{chat}")).await;
        browser.get("/api/chats").await;
        browser.get("/api/usage").await;
        browser.get("/api/auth/me").await;
        let to = EmailAddress::parse(&format!("{MARKER}@example.org")).unwrap();
        let link = format!("https://app.example/#/recover?token={MARKER}").parse().unwrap();
        let message = Message::email(to, Template::Recovery { link, valid_for: Duration::from_hours(1) });
        let delivery = Delivery::new(&app.platform.settings).unwrap();
        delivery.send(&app.platform, Uuid::nil(), message).await.unwrap();
        assert_eq!(app.outbox().len(), 1);
        secrets.extend(guarded(app, &mut browser).await);
        secrets.extend(tokens_and_links(app, &browser).await);
        codes.extend(passwords(app, &mut secrets, &mut refusals).await);
        marker_files::walk(app, &mut browser, &mut refusals).await;
        secrets.extend(marker_users::administer(app, &marked("admin")).await);
        marker_directory::walk(app, &mut browser).await;
        let preferences = json!({"app": {MARKER: marked("value")}, "theme": "dark"});
        assert_eq!(browser.patch("/api/preferences", preferences).await.status, 200);
        browser.get("/api/preferences").await;
        // Refusals of all kinds.
        refusals.push(browser.patch("/api/preferences", json!({ MARKER: 1 })).await);
        refusals.push(browser.patch("/api/preferences", json!({"theme": MARKER})).await);
        refusals.push(browser.post("/api/users/search", json!({"username": MARKER})).await);
        refusals.push(browser.post("/api/storage/set", json!({ MARKER: 1, "key": MARKER })).await);
        refusals.push(browser.get(&format!("/api/storage/get?key={MARKER}-not-there")).await);
        refusals.push(browser.get(&format!("/api/{MARKER}")).await);
        refusals.push(browser.post("/api/chats", json!({"title": MARKER.repeat(100)})).await);
        refusals.push(
            browser
                .post(
                    "/api/auth/passkeys/registration/options",
                    json!({"username": MARKER.repeat(9), "display_name": "x"}),
                )
                .await,
        );
        refusals.push(browser.clone().try_register(&marked("user")).await);
        for refusal in refusals {
            assert!(refusal.status.is_client_error());
            assert!(!refusal.text().contains(MARKER), "{}", refusal.text());
        }
        in_no_table(app, &secrets, &codes).await;
    }
    let log = log.text();
    assert!(log.contains("request"), "the log was written");
    let cache = cache_dump();
    for (text, place) in [(&log, "the log"), (&cache, "the cache")] {
        in_no_text(text, &secrets, place);
        no_code_in(text, &codes, place);
    }
}

/// Walks through registration by addresses and sign-in by a password; gives each code that was sent.
async fn passwords(app: &TestApp, secrets: &mut Vec<String>, refusals: &mut Vec<Answer>) -> Vec<String> {
    let mut browser = app.browser();
    let (password, next) = (format!("{MARKER} knits violet hammocks"), format!("{MARKER} counts brave herons"));
    let (email, phone) = (format!("{MARKER}.mail@example.org"), "+254700123987".to_owned());
    let names = json!({"username": format!("own {MARKER}"), "display_name": MARKER, "password": password});
    let body = with(with(names.clone(), "email", email.as_str()), "phone", phone.as_str());
    let challenge = people::begin(&mut browser, body.clone()).await;
    let code = people::code(app);
    let answer = |code: &str| json!({"challenge": challenge, "code": code});
    refusals.push(browser.post(people::VERIFY, answer(MARKER)).await);
    refusals.push(browser.post(people::VERIFY, answer(&people::another(&code))).await);
    signed_in(&mut browser, people::VERIFY, answer(&code), 201).await;
    app.clock.advance(1);
    people::begin(&mut app.browser(), body.clone()).await;
    assert_eq!(app.outbox()[0].template, "registration_known");
    refusals.push(app.browser().post(people::REGISTER, names.clone()).await);
    refusals.push(app.browser().post(people::REGISTER, with(names.clone(), "password", MARKER)).await);
    refusals.push(app.browser().post(people::REGISTER, with(body.clone(), "phone", MARKER)).await);
    refusals.push(app.browser().post(people::REGISTER, with(body, "password", format!("own {MARKER} {MARKER}"))).await);
    for name in [MARKER, &email] {
        refusals.push(app.browser().post(people::LOGIN, json!({"email": name, "password": MARKER})).await);
        refusals.push(people::login(&mut app.browser(), name, &password).await);
    }
    signed_in(&mut app.browser(), people::LOGIN, json!({"email": email, "password": password}), 200).await;
    refusals.push(change(&mut browser, Some(MARKER), &next).await);
    refusals.push(change(&mut browser, Some(&password), &password).await);
    assert_eq!(change(&mut browser, Some(&password), &next).await.status, 204);
    secrets.extend([challenge, phone]);
    vec![code]
}

/// Adds an address with the marker in it, second factors and a password, and signs in by them; gives what is secret.
async fn guarded(app: &TestApp, browser: &mut Browser) -> Vec<String> {
    let address = format!("{MARKER}-2@example.org");
    let code = || app.outbox().into_iter().find_map(|sent| sent.code).unwrap();
    let added = browser.post("/api/auth/contacts", json!({"kind": "email", "address": address})).await;
    let path = format!("/api/auth/contacts/{}/verify", added.json()["id"].as_str().unwrap());
    assert_eq!(browser.post(&path, json!({"code": MARKER})).await.status, 400);
    assert_eq!(browser.post(&path, json!({"code": code()})).await.status, 204);
    browser.get("/api/auth/contacts").await;
    let enrolled = enrol_codes(browser, "email").await;
    let mut secrets = codes(&enrolled);
    let (totp, _) = enrol_totp(app, browser).await;
    let password = format!("{MARKER} counts quiet otters");
    let body = Some(("application/json", json!({"new_password": password}).to_string().into_bytes()));
    assert_eq!(browser.send(Method::PUT, "/api/auth/password", body).await.status, 204);
    let session = browser.clone();
    let login = json!({"email": address, "password": password});
    let due = browser.post("/api/auth/login", login).await.json()["second_factor"]["challenge"].clone();
    let due = due.as_str().unwrap().to_owned();
    browser.post("/api/auth/second-factor/send", json!({"challenge": due, "method": "email"})).await;
    assert_eq!(answer(browser, &due, "backup_code", MARKER).await.status, 400);
    let body = json!({"challenge": due, "method": "totp", "code": totp.code(app), "trust_device": true});
    assert_eq!(post(browser, "/api/auth/second-factor", body).await.status, 200);
    assert_eq!(step_up(browser, "backup_code", &secrets[0]).await.status, 200);
    secrets.extend(secrets.clone().iter().map(|code| code.replace('-', "")));
    secrets.extend([totp.secret, due, session.cookies["__Host-ward_device"].clone()]);
    secrets.extend([session.cookies["__Host-ward_session"].clone(), browser.cookies["__Host-ward_session"].clone()]);
    secrets
}

/// Walks through bearer sessions and recovery; gives each secret they handed out.
async fn tokens_and_links(app: &TestApp, browser: &Browser) -> Vec<String> {
    let (mut client, tokens) = clients::signed_in(app, browser).await;
    client.get("/api/auth/me").await;
    let access = client.bearer.take().unwrap();
    let refresh = json!({"refresh_token": tokens["refresh_token"]});
    let next = client.post("/api/auth/refresh", refresh.clone()).await.json();
    client.post("/api/auth/refresh", json!({"refresh_token": next["refresh_token"]})).await;
    client.post("/api/auth/validate", json!({"token": access})).await;
    assert_eq!(client.post("/api/auth/refresh", refresh).await.code(), "refresh_token_invalid", "reused");
    recovery_links::ada(app).await;
    let unused = recovery_links::token(app, recovery_links::EMAIL).await;
    let link = recovery_links::token(app, recovery_links::EMAIL).await;
    client.post("/api/auth/recovery/options", json!({"token": link})).await;
    client.post("/api/auth/recovery/complete", json!({"token": link, "new_password": MARKER})).await;
    assert_eq!(recovery_links::complete(app, &link).await.status, 204);
    assert_eq!(recovery_links::complete(app, &link).await.code(), "link_invalid");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let given = [&tokens["refresh_token"], &next["refresh_token"], &next["access_token"]].map(text);
    let own = [
        access,
        unused,
        link,
        recovery_links::EMAIL.into(),
        recovery_links::NEW_PASSWORD.into(),
        clients::PASSWORD.into(),
    ];
    given.into_iter().chain(own).collect()
}

/// Every column of every table, as text and as bytes.
async fn in_no_table(app: &TestApp, secrets: &[String], codes: &[String]) {
    let database = app.superuser().await;
    let tables = database.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", &[]).await.unwrap();
    let mut rows_seen = 0;
    for table in tables {
        let table: &str = table.get(0);
        // bytea prints as hexadecimal; 'escape' shows the bytes that are text.
        database.batch_execute("SET bytea_output = 'escape'").await.unwrap();
        for row in database.query(&format!("SELECT t::text FROM {table} t"), &[]).await.unwrap() {
            in_no_text(row.get(0), secrets, table);
            no_code_in(row.get(0), codes, table);
            rows_seen += 1;
        }
    }
    assert!(rows_seen > 20);
}

fn in_no_text(text: &str, secrets: &[String], place: &str) {
    for secret in secrets {
        assert!(!text.contains(secret.as_str()), "{place} holds {secret}");
    }
}

/// Six digits may stand in a longer number, an id or the fraction of a second: only those that stand alone are a code.
fn no_code_in(text: &str, codes: &[String], place: &str) {
    let stands_alone = |(at, code): (usize, &str)| {
        let joined = |c: char| c.is_alphanumeric() || c == '.';
        !text[..at].ends_with(joined) && !text[at + code.len()..].starts_with(char::is_alphanumeric)
    };
    for code in codes {
        assert!(!text.match_indices(code.as_str()).any(stands_alone), "{place} holds the code {code}");
    }
}

/// Every key and value of Redis.
fn cache_dump() -> String {
    let socket = Services::get().redis_socket();
    let redis = |arguments: &[&str]| {
        let output = std::process::Command::new("redis-cli").arg("-s").arg(socket).args(arguments).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let keys = redis(&["KEYS", "*"]);
    assert!(keys.contains("session:"));
    keys.lines().flat_map(|key| [key.to_owned(), redis(&["GET", key])]).collect()
}
