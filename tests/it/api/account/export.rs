//! `GET /api/account/export`, read by other programs' hands: `unzip` and Python's `zipfile`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use axum::http::{HeaderValue, Method};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use http_body_util::BodyExt;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use tests::{Answer, Browser, TestApp};

use crate::api::auth::enrolled::{add_address, enrol_totp};
use crate::api::auth::people;

const PATH: &str = "/api/account/export";
const QUARTER: i64 = 15 * 60;
const DAY: i64 = 24 * 3_600;

/// Prints the files of an archive as JSON: name, SHA-256 of the content, content.
const UNPACK: &str = "
import hashlib, json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    files = [(name, archive.read(name)) for name in archive.namelist()]
print(json.dumps([[name, hashlib.sha256(text).hexdigest(), text.decode()] for name, text in files]))
";

/// The files of an archive; nothing of what is none.
fn unpack(archive: &[u8]) -> Option<BTreeMap<String, (String, String)>> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), archive).unwrap();
    let tested = Command::new("unzip").arg("-tqq").arg(file.path()).stderr(Stdio::null()).output().expect("unzip");
    let unpacked = Command::new("python3").args(["-c", UNPACK]).arg(file.path()).output().expect("Python");
    assert_eq!(tested.status.success(), unpacked.status.success(), "both or neither take it for an archive");
    if !unpacked.status.success() {
        return None;
    }
    let files: Vec<(String, String, String)> = serde_json::from_slice(&unpacked.stdout).unwrap();
    Some(files.into_iter().map(|(name, sha256, text)| (name, (sha256, text))).collect())
}

/// The manifest of an archive.
fn manifest(answer: &Answer) -> Value {
    serde_json::from_str(&unpack(&answer.body).expect("an archive")["manifest.json"].1).unwrap()
}

/// What an export holds, by file: its lines.
fn lines(answer: &Answer) -> BTreeMap<String, Vec<Value>> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let files = unpack(&answer.body).expect("an archive");
    let manifest: Value = serde_json::from_str(&files["manifest.json"].1).unwrap();
    assert_eq!((&manifest["format"], &manifest["version"]), (&json!("ward-account-export"), &json!(1)));
    assert_eq!(manifest["files"].as_array().unwrap().len(), files.len() - 1, "the manifest names every other file");
    let mut lines = BTreeMap::new();
    for entry in manifest["files"].as_array().unwrap() {
        let name = entry["name"].as_str().unwrap();
        let (sha256, text) = &files[name];
        assert_eq!(
            (entry["sha256"].as_str().unwrap(), entry["bytes"].as_u64().unwrap()),
            (&**sha256, text.len() as u64)
        );
        let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
        assert_eq!(entry["rows"], rows.len(), "{name}");
        lines.insert(name.trim_end_matches(".ndjson").to_owned(), rows);
    }
    lines
}

async fn set(browser: &mut Browser, key: &str, value: Value) {
    assert_eq!(browser.post("/api/storage/set", json!({"key": key, "value": value})).await.status, 200);
}

/// A user with something in most tables.
async fn busy_user(app: &TestApp, name: &str) -> Browser {
    let mut browser = people::user(app, name).await;
    add_address(app, &mut browser, "email", &format!("{name}@example.org")).await;
    assert_eq!(browser.add_passkey(&format!("{name}'s key")).await.status, 201);
    // Who signs in by the new passkey is at level 2.
    browser.lose_session();
    assert_eq!(browser.sign_in().await.status, 200);
    enrol_totp(app, &mut browser).await;
    browser.post("/api/auth/api-keys", json!({"name": "n", "scopes": ["usage:read"], "expires_in_days": 1})).await;
    browser.patch("/api/preferences", json!({"app": {"of": name}})).await;
    let consent = json!({"purpose": "terms", "version": "1", "text_sha256": "ab".repeat(32), "locale": "en"});
    assert!(browser.post("/api/account/consents", consent).await.status.is_success());
    for value in [json!({"of": name, "n": 1.50}), json!("two\nlines")] {
        set(&mut browser, "note", value).await;
    }
    let chat = browser.post("/api/chats", json!({"title": format!("{name}'s"), "patient_id": "P-1"})).await.json();
    let path = format!("/api/chats/{}/messages", chat["id"].as_str().unwrap());
    assert_eq!(browser.post(&path, json!({"content": format!("{name} asks")})).await.status, 200);
    browser
}

#[tokio::test]
async fn an_export_holds_what_is_held_on_the_user() {
    let app = TestApp::new().await;
    let mut ada = busy_user(&app, "ada").await;
    let answer = ada.get(PATH).await;
    assert_eq!(answer.headers["content-type"], "application/zip");
    assert_eq!(answer.headers["content-disposition"], "attachment; filename=\"ward-export-2026-03-14.zip\"");
    let held = lines(&answer);
    assert_eq!(held["account"][0]["profile"]["username"], "ada");
    assert_eq!(held["contacts"][0]["address"], "ada@example.org");
    assert_eq!((&held["consents"][0]["purpose"], &held["consents"][0]["event"]), (&json!("terms"), &json!("given")));
    assert_eq!(held["consents"][0]["text_sha256"], "ab".repeat(32));
    assert_eq!(held["preferences"][0]["document"]["app"], json!({"of": "ada"}));
    assert_eq!(held["passkeys"][0]["name"], "ada's key");
    assert_eq!((&held["storage"][0]["key"], &held["storage"][0]["value"]), (&json!("note"), &json!("two\nlines")));
    assert_eq!(held["storage_versions"][0]["value"], json!({"of": "ada", "n": 1.5}));
    assert_eq!((&held["chats"][0]["title"], &held["chats"][0]["patient_id"]), (&json!("ada's"), &json!("P-1")));
    let contents: Vec<_> = held["chat_messages"].iter().map(|message| message["role"].clone()).collect();
    assert_eq!(
        (contents, &held["chat_messages"][0]["content"]),
        (vec![json!("user"), json!("assistant")], &json!("ada asks"))
    );
    assert!(held["email_deliveries"].iter().all(|sent| sent["to_address"] == "ada@example.org"));
    for file in ["second_factors", "backup_codes", "passwords", "devices", "api_keys", "sessions", "usage_days"] {
        assert!(!held[file].is_empty(), "{file}");
    }
    for file in ["usage_calls", "email_deliveries", "session_events", "login_attempts", "access_log"] {
        assert!(!held[file].is_empty(), "{file}");
    }
    assert!(held["access_log"].iter().any(|row| row["action"] == "account.export"));
}

#[tokio::test]
async fn an_export_holds_nothing_of_anybody_else() {
    let app = TestApp::new().await;
    busy_user(&app, "lovelace").await;
    let mut grace = app.signed_in("grace").await;
    set(&mut grace, "own", json!(1)).await;
    let answer = grace.get(PATH).await;
    let held = lines(&answer);
    assert_eq!((held["account"].len(), held["storage"].len(), held["chats"].len()), (1, 1, 0));
    for (name, (_, text)) in unpack(&answer.body).unwrap() {
        assert!(!text.contains("lovelace"), "{name}");
    }
}

#[tokio::test]
async fn long_tables_and_long_values_come_in_pages_each_row_once() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let id = ada.get("/api/auth/me").await.json()["user"]["id"].as_str().unwrap().to_owned();
    let longest = "x".repeat(4 * 1024 * 1024 - 2);
    for n in 0..3 {
        set(&mut ada, &format!("large {n}"), json!(longest)).await;
    }
    for batch in 0..5 {
        let items: Vec<Value> = (0..100).map(|n| json!({"key": format!("{batch}/{n}"), "value": n})).collect();
        assert_eq!(ada.post("/api/storage/batch/set", json!({"items": items})).await.status, 200);
    }
    let rows = "INSERT INTO audit_log (id, user_id, actor_id, action, resource_type, request_id, created_at)
         SELECT gen_random_uuid(), $1::text::uuid, $1::text::uuid, 'made.up', 'row', gen_random_uuid(), now()
         FROM generate_series(1, 1200)";
    app.superuser().await.execute(rows, &[&id]).await.unwrap();
    let held = lines(&ada.get(PATH).await);
    let keys: BTreeSet<&str> = held["storage"].iter().map(|row| row["key"].as_str().unwrap()).collect();
    assert_eq!((held["storage"].len(), keys.len()), (503, 503));
    assert_eq!(held["storage"].iter().filter(|row| row["value"] == *longest).count(), 3);
    assert_eq!(held["access_log"].iter().filter(|row| row["action"] == "made.up").count(), 1_200);
}

#[tokio::test]
async fn an_export_needs_somebody_who_is_there() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    app.clock.advance(QUARTER + 1);
    let refused = ada.get(PATH).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (403, "step_up_required"));
    ada.step_up().await;
    let body = json!({"name": "n", "scopes": ["storage:read", "account:read"], "expires_in_days": 1});
    let key = ada.post("/api/auth/api-keys", body).await.json()["key"].clone();
    let mut client = app.browser();
    client.bearer = key.as_str().map(str::to_owned);
    assert_eq!(client.get(PATH).await.code(), "api_key_refused");
    let mut link = ada.request(&Method::GET, PATH, None);
    link.headers_mut().insert("sec-fetch-site", HeaderValue::from_static("cross-site"));
    assert_eq!(ada.send_request(link).await.code(), "cross_site");
    assert_eq!(ada.get(PATH).await.status, 200);
    // An account that has nothing stronger than a password exports with that.
    let mut eve = people::user(&app, "eve").await;
    assert_eq!(eve.get(PATH).await.status, 200);
    assert_eq!(eve.add_passkey("stronger").await.status, 201);
    eve.lose_session();
    people::signed_in(&mut eve, people::LOGIN, json!({"username": "eve", "password": people::PASSWORD}), 200).await;
    assert_eq!(eve.get(PATH).await.code(), "step_up_required", "once it has, the password is too weak");
}

#[tokio::test]
async fn an_account_is_exported_so_often_a_day_and_no_more() {
    let app = TestApp::with(&[("WARD_DATABASE_POOL", "8")]).await;
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    let exports = (0..10).map(|_| {
        let mut browser = ada.clone();
        async move { browser.get(PATH).await }
    });
    let answers = join_all(exports).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 3);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (429, "export_limit"));
    }
    assert_eq!(grace.get(PATH).await.status, 200);
    app.clock.advance(DAY);
    ada.sign_in().await;
    assert_eq!(ada.get(PATH).await.status, 200);
}

#[tokio::test]
async fn an_export_that_is_cut_off_never_looks_whole() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    set(&mut ada, "note", json!("x".repeat(300_000))).await;
    let superuser = app.superuser().await;
    superuser.batch_execute("ALTER TABLE usage_calls RENAME TO away").await.unwrap();
    let answer = ada.get(PATH).await;
    assert_eq!(answer.status, 200, "it had begun when the fault came");
    assert!(!answer.text().contains("manifest.json"));
    assert_eq!(unpack(&answer.body), None);
    superuser.batch_execute("ALTER TABLE away RENAME TO usage_calls").await.unwrap();
    let whole = ada.get(PATH).await.body;
    assert!(unpack(&whole).is_some());
    for length in [0, 100, whole.len() / 2, whole.len() - 30] {
        assert_eq!(unpack(&whole[..length]), None, "cut at {length} of {}", whole.len());
    }
}

#[tokio::test]
async fn what_does_not_open_is_named_and_keeps_nobody_from_the_rest() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    set(&mut ada, "damaged", json!("x".repeat(300_000))).await;
    let damage = "UPDATE encrypted_storage SET encrypted_data = set_byte(encrypted_data, 200000,
         get_byte(encrypted_data, 200000) # 1) RETURNING encode(key_index, 'hex')";
    let row: String = app.superuser().await.query_one(damage, &[]).await.unwrap().get(0);
    set(&mut ada, "sound", json!("here")).await;
    let answer = ada.get(PATH).await;
    let held = lines(&answer);
    let of = |key: &str| held["storage"].iter().find(|line| line["key"] == key).unwrap();
    assert_eq!((&of("sound")["value"], &of("sound")["unreadable"]), (&json!("here"), &Value::Null));
    assert_eq!((&of("damaged")["value"], &of("damaged")["unreadable"]), (&Value::Null, &json!(["value"])));
    let manifest = manifest(&answer);
    let named = manifest["unreadable"].as_array().unwrap();
    assert_eq!((named.len(), &named[0]["table"], &named[0]["row"]), (1, &json!("encrypted_storage"), &json!(row)));
    let files = manifest["files"].as_array().unwrap();
    assert_eq!(files.iter().find(|file| file["name"] == "storage.ndjson").unwrap()["unreadable_rows"], 1);
}

#[tokio::test]
async fn a_client_that_reads_slowly_or_goes_away_holds_nothing() {
    let app = TestApp::with(&[("WARD_DATABASE_POOL", "1")]).await;
    let mut ada = app.signed_in("ada").await;
    // Digests hardly compress: more than what may wait between the two ends.
    let noise = (0..40_000_u32).flat_map(|n| digest(&SHA256, &n.to_be_bytes()).as_ref().to_vec());
    let text = STANDARD.encode(noise.collect::<Vec<u8>>());
    for n in 0..3 {
        set(&mut ada, &format!("large {n}"), json!(text)).await;
    }
    let unread = ada.open(PATH).await;
    assert_eq!(unread.status(), 200);
    assert_eq!(ada.get("/api/storage/keys").await.status, 200, "the one connection is free");
    let whole = unread.into_body().collect().await.unwrap().to_bytes();
    assert!(whole.len() > 3_000_000 && unpack(&whole).is_some(), "{} bytes", whole.len());
    drop(ada.open(PATH).await);
    assert_eq!(ada.get("/api/storage/keys").await.status, 200);
}
