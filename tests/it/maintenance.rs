//! What is done on a schedule.

use std::process::Command;

use axum::http::Method;
use serde_json::{Value, json};
use tests::{Browser, TestApp, binary};
use uuid::Uuid;

use crate::api::files;

/// A user with a file who has asked to be deleted, and whose days of grace are over.
pub async fn due(app: &TestApp, name: &str) -> Uuid {
    let mut browser = app.signed_in(name).await;
    let id = browser.get("/api/auth/me").await.json()["user"]["id"].as_str().unwrap().parse().unwrap();
    files::upload(&mut browser, "scan.txt", "text/plain", b"content").await;
    delete(&mut browser, name).await;
    app.clock.advance(7 * 24 * 3600 + 1);
    id
}

async fn delete(browser: &mut Browser, name: &str) {
    browser.step_up().await;
    let body = Some(("application/json", json!({ "username": name }).to_string().into_bytes()));
    let answer = browser.send(Method::DELETE, "/api/account", body).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
}

async fn users(app: &TestApp) -> i64 {
    app.superuser().await.query_one("SELECT count(*) FROM users", &[]).await.unwrap().get(0)
}

fn ward(app: &TestApp, arguments: &[&str]) -> String {
    let output = Command::new(binary("ward")).args(arguments).env_clear().envs(app.settings()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn an_account_that_is_due_is_erased_with_its_files_and_nobody_elses() {
    let app = TestApp::new().await;
    let ada = due(&app, "ada").await;
    let mut grace = app.signed_in("grace").await;
    delete(&mut grace, "grace").await;
    let mut joan = app.signed_in("joan").await;

    let maintenance = maintenance::App::new(&app.platform).unwrap();
    let report = maintenance::run(&maintenance).await.unwrap();
    assert_eq!((report.accounts_erased, report.objects_deleted, report.failed), (1, 1, 0), "{report:?}");
    assert_eq!(users(&app).await, 2, "whose days of grace run, and who asked for nothing");
    assert_eq!(joan.get("/api/auth/me").await.status, 200);
    let sql = "SELECT count(*) FROM data_keys WHERE subject = $1 AND wrapped IS NULL AND state = 'shredded'";
    assert_eq!(app.superuser().await.query_one(sql, &[&ada]).await.unwrap().get::<_, i64>(0), 1);
    assert_eq!(maintenance::run(&maintenance).await.unwrap(), maintenance::Report::default());
}

#[tokio::test]
async fn tombstones_in_the_object_store_are_enough_to_forget_again() {
    let app = TestApp::new().await;
    let ada = due(&app, "ada").await;
    let backup = tests::Services::get().dump(&app.platform.settings.app);
    maintenance::run(&maintenance::App::new(&app.platform).unwrap()).await.unwrap();

    let restored = tests::Services::get().restore(&backup).await;
    let mut settings = app.settings().clone();
    settings.insert("DATABASE_URL".into(), tests::Services::get().database_url(&restored));
    let replay = || {
        let mut command = Command::new(binary("ward"));
        let output = command.args(["keys", "replay-tombstones", "--yes"]).env_clear().envs(&settings).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(replay(), "1 of 1 erased again\n");
    assert_eq!(replay(), "0 of 1 erased again\n");
    let (client, connection) = tokio_postgres::connect(&settings["DATABASE_URL"], tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let sql = "SELECT count(*) FROM users WHERE id = $1";
    assert_eq!(client.query_one(sql, &[&ada]).await.unwrap().get::<_, i64>(0), 0);
    tests::Services::get().forget(&restored);
}

#[tokio::test]
async fn who_thinks_better_of_it_is_not_erased() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    delete(&mut ada, "ada").await;
    assert_eq!(ada.sign_in().await.status, 200);
    assert_eq!(ada.post("/api/account/deletion/cancel", json!({})).await.status, 204);
    app.clock.advance(8 * 24 * 3600);
    let report = maintenance::run(&maintenance::App::new(&app.platform).unwrap()).await.unwrap();
    assert_eq!((report.accounts_erased, users(&app).await), (0, 1));
}

#[tokio::test]
async fn the_command_does_the_same() {
    let app = TestApp::new().await;
    due(&app, "ada").await;
    let printed: Value = serde_json::from_str(&ward(&app, &["maintain"])).unwrap();
    assert_eq!((&printed["accounts_erased"], &printed["failed"]), (&json!(1), &json!(0)), "{printed}");
    assert_eq!(users(&app).await, 0);
}
