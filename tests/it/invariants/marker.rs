//! No PHI and no secret outside the vault: a marker goes in through every route, and is looked for in every sink.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tests::model::provider;
use tests::{Services, TestApp};
use tracing_subscriber::fmt::MakeWriter;

const MARKER: &str = "zq7marker";

/// Where the log goes.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_marker_is_found_in_no_sink() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    // The runtime has one thread, so everything the test does is logged here.
    let _logging = tracing::subscriber::set_default(subscriber);
    let redis = format!("redis+unix://{}", Services::get().redis_socket().display());
    let app = TestApp::with(&[("REDIS_URL", &redis)]).await;
    let failing = provider(500, "text/plain", vec![MARKER.into()], false).await;
    let without_model = TestApp::with(&[("OPENAI_BASE_URL", &failing), ("REDIS_URL", &redis)]).await;

    let mut secrets = vec![MARKER.to_owned()];
    for app in [&app, &without_model] {
        let mut browser = app.browser();
        let marked = |text: &str| format!("{text} {MARKER}");
        browser.register(&marked("user")).await;
        secrets.push(browser.cookies["__Host-ward_session"].clone());
        secrets.push(browser.csrf.clone().unwrap());
        let mut refusals = Vec::new();
        browser.post("/api/storage/set", json!({"key": marked("key"), "value": {"note": marked("value")}})).await;
        browser.get(&format!("/api/storage/get?key=key%20{MARKER}")).await;
        browser.get("/api/storage/keys").await;
        let chat = browser.post("/api/chats", json!({"title": marked("t"), "patient_id": marked("p")})).await;
        let chat = chat.json()["id"].as_str().unwrap().to_owned();
        browser.post("/api/chats/search", json!({"patient_id": marked("p")})).await;
        browser.post(&format!("/api/chats/{chat}/messages"), json!({"content": marked("hello")})).await;
        browser.get(&format!("/api/chats/{chat}")).await;
        browser.get("/api/chats").await;
        browser.get("/api/usage").await;
        browser.get("/api/auth/me").await;
        // Refusals of all kinds.
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
        in_no_table(app, &secrets).await;
    }
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(log.contains("request"), "the log was written");
    in_no_text(&log, &secrets, "the log");
    in_no_text(&cache_dump(), &secrets, "the cache");
}

/// Every column of every table, as text and as bytes.
async fn in_no_table(app: &TestApp, secrets: &[String]) {
    let database = app.superuser().await;
    let tables = database.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", &[]).await.unwrap();
    let mut rows_seen = 0;
    for table in tables {
        let table: &str = table.get(0);
        // bytea prints as hexadecimal; 'escape' shows the bytes that are text.
        database.batch_execute("SET bytea_output = 'escape'").await.unwrap();
        for row in database.query(&format!("SELECT t::text FROM {table} t"), &[]).await.unwrap() {
            in_no_text(row.get(0), secrets, table);
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
