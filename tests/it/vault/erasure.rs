//! A user erased: nothing opens any more, and a restored backup forgets again.

use std::collections::HashMap;

use serde_json::json;
use shared::config::DatabaseSettings;
use shared::data::{Db, IamTokens};
use shared::vault::{Field, VaultError};
use tests::{Browser, Services, TestApp};
use tokio_postgres::Client;
use uuid::Uuid;

use super::command::{stderr, stdout, ward};

/// Two users with something in many tables; the one who is to be erased, and the other.
async fn two_users(app: &TestApp) -> (Browser, Uuid, Browser) {
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    for browser in [&mut ada, &mut grace] {
        browser.post("/api/storage/set", json!({"key": "k", "value": "secret"})).await;
        let chat = browser.post("/api/chats", json!({"title": "t", "patient_id": "p-1"})).await.json();
        browser
            .post(&format!("/api/chats/{}/messages", chat["id"].as_str().unwrap()), json!({"content": "hello"}))
            .await;
        browser.patch("/api/preferences", json!({"theme": "dark"})).await;
        browser.step_up().await;
        browser.post("/api/auth/contacts", json!({"kind": "email", "address": "x@example.org"})).await;
    }
    let id = ada.get("/api/auth/me").await.json()["user"]["id"].as_str().unwrap().parse().unwrap();
    let event = "INSERT INTO security_events (id, user_id, event_type, severity, address, request_id, created_at)
                 VALUES (gen_random_uuid(), $1, 'test', 'low', '192.0.2.7', gen_random_uuid(), now())";
    app.superuser().await.execute(event, &[&id]).await.unwrap();
    (ada, id, grace)
}

/// In which tables a user still is: every table with a column that could say so.
async fn found_in(database: &Client, id: Uuid) -> Vec<String> {
    let columns = "SELECT table_name::text, column_name::text FROM information_schema.columns
                   WHERE table_schema = 'public' AND data_type = 'uuid'
                       AND (column_name IN ('user_id', 'subject') OR table_name = 'users' AND column_name = 'id')
                   ORDER BY 1";
    let mut found = Vec::new();
    for row in database.query(columns, &[]).await.unwrap() {
        let (table, column): (String, String) = (row.get(0), row.get(1));
        let count = format!("SELECT count(*) FROM {table} WHERE {column} = $1");
        if database.query_one(&count, &[&id]).await.unwrap().get::<_, i64>(0) > 0 {
            found.push(table);
        }
    }
    found
}

fn erase(settings: &HashMap<String, String>, name: &str) {
    let mut command = std::process::Command::new(tests::binary("ward"));
    let output = command.args(["user", "erase", name, "--yes"]).env_clear().envs(settings).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}

#[tokio::test]
async fn an_erased_user_is_nowhere_but_in_the_audit_log() {
    let app = TestApp::new().await;
    let (mut ada, id, mut grace) = two_users(&app).await;
    let database = app.superuser().await;
    let before = found_in(&database, id).await;
    assert!(before.len() > 8, "{before:?}");

    erase(app.settings(), "ada");
    // What stays: shredded keys without any bytes, events without an address, and the tombstone.
    assert_eq!(found_in(&database, id).await, ["audit_log", "data_keys", "security_events", "tombstones"]);
    let keys = "SELECT count(*) FROM data_keys WHERE subject = $1
                AND (state <> 'shredded' OR wrapped IS NOT NULL OR second_wrapped IS NOT NULL)";
    assert_eq!(database.query_one(keys, &[&id]).await.unwrap().get::<_, i64>(0), 0);
    let addresses = "SELECT count(*) FROM security_events WHERE user_id = $1 AND address IS NOT NULL";
    assert_eq!(database.query_one(addresses, &[&id]).await.unwrap().get::<_, i64>(0), 0);
    let audited = "SELECT actor_id FROM audit_log WHERE user_id = $1 AND action = 'account.erase'";
    assert_eq!(database.query_one(audited, &[&id]).await.unwrap().get::<_, Uuid>(0), Uuid::nil(), "the operator");
    assert!(app.objects().join("tombstones").join(id.to_string()).exists());

    // The session ends once it is looked up again, and what is left of the passkey opens nothing.
    app.clock.advance(61);
    assert_eq!(ada.get("/api/auth/me").await.status, 401);
    assert_ne!(ada.sign_in().await.status, 200);
    assert_eq!(grace.get("/api/storage/get?key=k").await.json()["value"], "secret");
    // The name is free, and whoever takes it is somebody else.
    let mut another = app.signed_in("ada").await;
    assert_eq!(another.get("/api/storage/get?key=k").await.status, 404);
    assert!(stdout(&ward(app.settings(), &["status"])).contains("erased users: 1\n"));
}

#[tokio::test]
async fn no_key_is_made_for_who_was_erased() {
    let app = TestApp::new().await;
    let (_, id, _) = two_users(&app).await;
    erase(app.settings(), "ada");
    let fresh = app.other_platform(app.keyring());
    let refused = fresh.vault.owner_key(&fresh.db, id).await;
    assert!(matches!(refused, Err(VaultError::Revoked)), "{refused:?}");
    assert_eq!(ward(app.settings(), &["rotate", "--user", &id.to_string()]).status.code(), Some(1));
}

#[tokio::test]
async fn a_restored_backup_forgets_again() {
    let app = TestApp::new().await;
    let (_, id, _) = two_users(&app).await;
    let sql = "SELECT encode(key_index, 'hex'), encrypted_data FROM encrypted_storage WHERE user_id = $1";
    let row = app.superuser().await.query_one(sql, &[&id]).await.unwrap();
    let (name, sealed): (String, Vec<u8>) = (row.get(0), row.get(1));
    let field = Field { table: "encrypted_storage", column: "encrypted_data", row: &name };

    let backup = Services::get().dump(&app.platform.settings.app);
    erase(app.settings(), "ada");
    let tombstones = tempfile::NamedTempFile::new().unwrap();
    let printed = stdout(&ward(app.settings(), &["tombstones"]));
    assert!(printed.contains(&id.to_string()) && printed.lines().count() == 1, "{printed}");
    std::fs::write(tombstones.path(), printed).unwrap();

    let restored = Services::get().restore(&backup).await;
    let mut settings = app.settings().clone();
    settings.insert("DATABASE_URL".into(), Services::get().database_url(&restored));
    let database = DatabaseSettings::from(settings["DATABASE_URL"].clone());
    let db = Db::new(&database, 2, &IamTokens::new(app.platform.clock.clone())).unwrap();
    // The backup alone does open: that is why the tombstones are replayed before anything is let at it.
    let before = app.other_platform(app.keyring());
    assert_eq!(before.vault.open_any(&db, id, &field, &sealed).await.unwrap().as_slice(), b"\"secret\"");

    let file = tombstones.path().to_str().unwrap();
    assert_eq!(stdout(&ward(&settings, &["replay-tombstones", file])), "1 of 1 are to be erased again\n");
    assert_eq!(stdout(&ward(&settings, &["replay-tombstones", file, "--yes"])), "1 of 1 erased again\n");
    let after = app.other_platform(app.keyring());
    let refused = after.vault.open_any(&db, id, &field, &sealed).await;
    assert!(matches!(refused, Err(VaultError::Revoked)), "{refused:?}");
    let (client, connection) = tokio_postgres::connect(&settings["DATABASE_URL"], tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    assert_eq!(found_in(&client, id).await, ["audit_log", "data_keys", "security_events", "tombstones"]);
    assert_eq!(stdout(&ward(&settings, &["replay-tombstones", file, "--yes"])), "0 of 1 erased again\n");
    Services::get().forget(&restored);
}

#[tokio::test]
async fn a_user_with_a_great_many_rows_is_erased_all_the_same() {
    let app = TestApp::new().await;
    let (_, id, mut grace) = two_users(&app).await;
    let database = app.superuser().await;
    let many = "INSERT INTO storage_versions
            (user_id, key_index, version, key_name, encrypted_data, updated_at, replaced_at)
        SELECT $1, '\\x01', n, '\\x', '\\x', now(), now() FROM generate_series(1, 12000) n";
    database.execute(many, &[&id]).await.unwrap();
    erase(app.settings(), "ada");
    assert_eq!(found_in(&database, id).await, ["audit_log", "data_keys", "security_events", "tombstones"]);
    assert_eq!(grace.get("/api/storage/get?key=k").await.json()["value"], "secret");
}

#[tokio::test]
async fn the_last_administrator_is_erased_at_a_second_word_only() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let id = admin.get("/api/auth/me").await.json()["user"]["id"].as_str().unwrap().to_owned();
    let ward = |arguments: &[&str]| {
        let mut command = std::process::Command::new(tests::binary("ward"));
        command.arg("user").args(arguments).env_clear().envs(app.settings()).output().unwrap()
    };
    let refused = ward(&["erase", "admin", "--yes"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("last active administrator"), "{}", stderr(&refused));
    assert_eq!(stdout(&ward(&["erase", &id, "--yes", "--even-the-last"])), format!("erased {id}\n"));
    assert_eq!(ward(&["erase", "admin", "--yes"]).status.code(), Some(1), "there is nobody of that name");
}

#[tokio::test]
async fn a_user_whose_key_is_revoked_hides_no_other_from_an_administrator() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    two_users(&app).await;
    stdout(&ward(app.settings(), &["revoke", "ada"]));
    app.clock.advance(301);
    let listed = admin.get("/api/users").await;
    let names: Vec<_> =
        listed.json()["users"].as_array().unwrap().iter().map(|user| user["username"].clone()).collect();
    assert_eq!(names, ["admin", "(key revoked)", "grace"], "{}", listed.text());
}

#[tokio::test]
async fn the_system_is_not_erased_and_nobody_is_the_system() {
    let app = TestApp::new().await;
    app.signed_in("ada").await;
    let database = app.superuser().await;
    for id in [Uuid::nil(), Uuid::from_u128(1)] {
        let refused = database.query("SELECT begin_erasure($1, now())", &[&id]).await.unwrap_err();
        assert_eq!(refused.code().unwrap().code(), "42501");
        let insert = "INSERT INTO users (id, username_index, profile, created_at, updated_at)
                      VALUES ($1, '\\x01', '\\x', now(), now())";
        assert_eq!(database.execute(insert, &[&id]).await.unwrap_err().code().unwrap().code(), "23514");
    }
    let role = app.app_role().await;
    role.batch_execute("SET ward.user_id = '00000000-0000-0000-0000-000000000000'").await.unwrap();
    let planted = "INSERT INTO data_keys (subject, version, state, keyring, wrapped, created_at)
                   VALUES ('00000000-0000-0000-0000-000000000000', 2, 'active', 'x', '\\x00', now())";
    assert_eq!(role.batch_execute(planted).await.unwrap_err().code().unwrap().code(), "42501");
}

#[tokio::test]
async fn a_forged_tombstone_erases_nobody() {
    let app = TestApp::new().await;
    let (_, _, mut grace) = two_users(&app).await;
    let living = grace.get("/api/auth/me").await.json()["user"]["id"].as_str().unwrap().to_owned();
    erase(app.settings(), "ada");
    let real = stdout(&ward(app.settings(), &["tombstones"]));
    let mut forged: serde_json::Value = serde_json::from_str(&real).unwrap();
    forged["subject"] = json!(living);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{real}{forged}\n")).unwrap();
    let refused = ward(app.settings(), &["replay-tombstones", file.path().to_str().unwrap(), "--yes"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("not made by Ward"), "{}", stderr(&refused));
    assert_eq!(grace.get("/api/storage/get?key=k").await.status, 200);
}

#[tokio::test]
async fn a_function_erases_nobody_who_did_not_ask() {
    let app = TestApp::new().await;
    let (mut ada, id, _) = two_users(&app).await;
    let login = format!("erase_{}", app.platform.settings.app);
    let database = app.superuser().await;
    database.batch_execute(&format!("CREATE ROLE {login} LOGIN; GRANT ward_app TO {login}")).await.unwrap();
    let url = app.settings()["DATABASE_URL"].replacen("//ward@", &format!("//{login}@"), 1);
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    // The role of the functions may not call it; maintenance may, for who has asked.
    for role in ["ward_app", "ward_maintenance"] {
        database.batch_execute(&format!("GRANT {role} TO {login}")).await.unwrap();
        client.batch_execute(&format!("SET ROLE {role}")).await.unwrap();
        for sql in ["SELECT begin_erasure($1, now())", "SELECT go_on_erasing($1, 1)::text::boolean"] {
            let refused = client.query(sql, &[&id]).await.unwrap_err();
            assert_eq!(refused.code().unwrap().code(), "42501", "{role}: {sql}");
        }
    }
    drop(client);
    // Nor does the command with such a login, and it leaves no tombstone of somebody who lives.
    let mut settings = app.settings().clone();
    settings.insert("DATABASE_URL".into(), url);
    let mut command = std::process::Command::new(tests::binary("ward"));
    let refused = command.args(["user", "erase", "ada", "--yes"]).env_clear().envs(&settings).output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
    assert!(!app.objects().join("tombstones").exists());
    assert_eq!(ada.get("/api/storage/get?key=k").await.status, 200);
    database
        .batch_execute(&format!("REVOKE ward_app, ward_maintenance FROM {login}; DROP ROLE {login}"))
        .await
        .unwrap();
}
