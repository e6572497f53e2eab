//! `ward keys`, as a process of its own beside the product.

use std::collections::HashMap;
use std::process::{Command, Output, Stdio};

use serde_json::json;
use tests::{Services, TestApp, binary};

/// The command with the settings of the application and nothing else of this machine's.
pub fn ward(settings: &HashMap<String, String>, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary("ward"));
    command.arg("keys").args(arguments).env_clear().envs(settings).stdin(Stdio::null());
    command.output().expect("it runs")
}

pub fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", stderr(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The settings with moto in AWS's place.
pub fn on_aws(app: &TestApp) -> HashMap<String, String> {
    let mut settings = app.settings().clone();
    let aws = [
        ("AWS_ENDPOINT_URL", Services::get().moto()),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ];
    settings.extend(aws.map(|(name, value)| (name.to_owned(), value.to_owned())));
    settings
}

async fn wrapped_by(app: &TestApp) -> Vec<String> {
    let rows = app.superuser().await.query("SELECT DISTINCT keyring FROM data_keys ORDER BY 1", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn status_counts_keys_by_state() {
    let app = TestApp::new().await;
    app.signed_in("ada").await;
    assert_eq!(stdout(&ward(app.settings(), &["rotate", "--user", "ada"])), "version 2\n");
    let shown = stdout(&ward(app.settings(), &["status"]));
    let lines: Vec<Vec<&str>> = shown.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["state", "keys", "oldest", "wrapped", "by"]);
    assert_eq!((lines[1][0], lines[1][1]), ("active", "2"), "the system's and ada's: {shown}");
    assert_eq!((lines[2][0], lines[2][1]), ("retired", "1"), "{shown}");
    assert!(lines[1][3].starts_with("file:"), "{shown}");
    assert!(shown.contains("blind indexes: version 1 is current\nerased users: 0\n"), "{shown}");
}

#[tokio::test]
async fn rotation_is_for_everybody_or_for_old_keys_or_for_one() {
    let app = TestApp::new().await;
    for name in ["ada", "grace"] {
        app.signed_in(name).await;
    }
    // The test's clock is months behind the command's.
    assert_eq!(stdout(&ward(app.settings(), &["rotate", "--older-than", "30"])), "3 rotated\n");
    assert_eq!(stdout(&ward(app.settings(), &["rotate", "--older-than", "30"])), "0 rotated\n");
    assert_eq!(stdout(&ward(app.settings(), &["rotate"])), "3 rotated\n");
    let nobody = ward(app.settings(), &["rotate", "--user", "nobody"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(stderr(&nobody).contains("no user of that name"), "{}", stderr(&nobody));
}

#[tokio::test]
async fn keys_move_from_a_file_to_kms_to_another_kms_key_and_everything_still_opens() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    ada.post("/api/storage/set", json!({"key": "k", "value": "v"})).await;
    stdout(&ward(app.settings(), &["rotate"]));

    let mut settings = on_aws(&app);
    let [one, two] = [(); 2].map(|()| super::kms::new_key(Services::get().moto()));
    let (one, two) = (one.await, two.await);
    let out = stdout(&ward(&settings, &["rewrap", "--to", &one]));
    assert_eq!(out, "4 wrapped anew\n");
    assert_eq!(wrapped_by(&app).await, std::slice::from_ref(&one));
    assert_eq!(stdout(&ward(&settings, &["rewrap", "--to", &one])), "0 wrapped anew\n");

    // From one KMS key to another: the settings name the new one, and the old beside it.
    settings.extend([("KMS_KEY_ID".into(), two.clone()), ("KMS_OLD_KEY_IDS".into(), one)]);
    assert!(stderr(&ward(&settings, &["status"])).contains("4 keys are not wrapped by"));
    assert_eq!(stdout(&ward(&settings, &["rewrap"])), "4 wrapped anew\n");
    assert_eq!(wrapped_by(&app).await, std::slice::from_ref(&two));

    assert_eq!(stdout(&ward(&settings, &["verify"])), "4 open by the keys of the settings alone\n");
    // A row that only says so is found.
    let lie = "UPDATE data_keys SET wrapped = '\\x00' WHERE version = 2 AND subject <> '00000000-0000-0000-0000-000000000000'";
    let database = app.superuser().await;
    database.batch_execute("CREATE TABLE kept AS SELECT * FROM data_keys").await.unwrap();
    database.batch_execute(lie).await.unwrap();
    let found = ward(&settings, &["verify"]);
    assert!(stderr(&found).contains("3 done; 1 could not be"), "{}", stderr(&found));
    let mended =
        "UPDATE data_keys d SET wrapped = k.wrapped FROM kept k WHERE (k.subject, k.version) = (d.subject, d.version)";
    database.batch_execute(mended).await.unwrap();

    // And back, so that the application of this test opens it.
    let file = format!("file:{}", app.settings()["WARD_KEY_FILE"]);
    assert_eq!(stdout(&ward(&settings, &["rewrap", "--to", &file])), "4 wrapped anew\n");
    app.clock.advance(301);
    assert_eq!(ada.get("/api/storage/get?key=k").await.json()["value"], "v");
}

#[tokio::test]
async fn a_second_copy_is_made_in_another_region() {
    let app = TestApp::new().await;
    app.signed_in("ada").await;
    let mut settings = on_aws(&app);
    let second = super::kms::new_key_in(Services::get().moto(), "eu-central-1").await;
    settings.insert("KMS_SECOND_KEY_ID".into(), second.clone());
    assert_eq!(stdout(&ward(&settings, &["rewrap"])), "2 wrapped anew\n");
    let sql = "SELECT count(*) FROM data_keys WHERE second_keyring = $1 AND keyring LIKE 'file:%'";
    assert_eq!(app.superuser().await.query_one(sql, &[&second]).await.unwrap().get::<_, i64>(0), 2);
    assert_eq!(stdout(&ward(&settings, &["rewrap"])), "0 wrapped anew\n");
}

#[tokio::test]
async fn a_rewrap_that_was_cut_short_goes_on_and_one_broken_key_stops_no_other() {
    let app = TestApp::new().await;
    for name in ["ada", "grace", "joan"] {
        app.signed_in(name).await;
    }
    let database = app.superuser().await;
    let broken = "UPDATE data_keys SET wrapped = overlay(wrapped PLACING '\\x00' FROM 20) WHERE subject =
                  (SELECT max(subject::text)::uuid FROM data_keys)";
    database.batch_execute(broken).await.unwrap();
    let (settings, key) = (on_aws(&app), super::kms::new_key(Services::get().moto()).await);
    let first = ward(&settings, &["rewrap", "--to", &key]);
    assert_eq!(first.status.code(), Some(1));
    assert!(stderr(&first).contains("3 done; 1 could not be"), "{}", stderr(&first));
    let again = ward(&settings, &["rewrap", "--to", &key]);
    assert!(stderr(&again).contains("0 done; 1 could not be"), "{}", stderr(&again));
}

#[tokio::test]
async fn a_login_that_sees_its_own_rows_only_is_refused() {
    let app = TestApp::new().await;
    let login = format!("keys_{}", app.platform.settings.app);
    let database = app.superuser().await;
    database.batch_execute(&format!("CREATE ROLE {login} LOGIN; GRANT ward_app TO {login}")).await.unwrap();
    let mut settings = app.settings().clone();
    let url = settings["DATABASE_URL"].replacen("//ward@", &format!("//{login}@"), 1);
    settings.insert("DATABASE_URL".into(), url);
    for command in [&["status"][..], &["rotate"], &["rewrap"], &["revoke", "ada"], &["reindex", "--stopped"]] {
        let refused = ward(&settings, command);
        assert_eq!(refused.status.code(), Some(1), "{command:?}");
        assert!(stderr(&refused).contains("ward migrate"), "{command:?}: {}", stderr(&refused));
    }
    database.batch_execute(&format!("REVOKE ward_app FROM {login}; DROP ROLE {login}")).await.unwrap();
}

#[tokio::test]
async fn revoking_and_reinstating_are_told_and_audited() {
    let app = TestApp::new().await;
    app.signed_in("ada").await;
    assert_eq!(stdout(&ward(app.settings(), &["revoke", "ada"])), "1 revoked\n");
    assert_eq!(ward(app.settings(), &["revoke", "ada"]).status.code(), Some(1));
    assert_eq!(stdout(&ward(app.settings(), &["reinstate", "ada", "--version", "1"])), "1 reinstated\n");
    let sql = "SELECT string_agg(action, ',' ORDER BY created_at) FROM audit_log
               WHERE action LIKE 'key.%' AND actor_id = '00000000-0000-0000-0000-000000000000'";
    let actions: String = app.superuser().await.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(actions, "key.revoke,key.revoke,key.reinstate");
}
