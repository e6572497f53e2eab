//! Former versions: listed, read, restored, forgotten, swept.

use axum::http::Method;
use serde_json::{Value, json};
use tests::{Browser, TestApp};

use super::{keys, rows, send, set, value};

const SEARCH: &str = "/api/storage/versions/search";
const RESTORE: &str = "/api/storage/versions/restore";
const FORGET: &str = "/api/storage/versions/forget";
const DAY: i64 = 24 * 3_600;

async fn versions(browser: &mut Browser, key: &str) -> Vec<i64> {
    let answer = browser.post(SEARCH, json!({"key": key})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let versions = answer.json()["versions"].as_array().unwrap().clone();
    versions.iter().map(|version| version["version"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn what_was_overwritten_is_listed_read_and_restored() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    ada.post("/api/storage/set", json!({"key": "note", "value": "one", "metadata": {"n": 1}})).await;
    app.clock.advance(60);
    for text in ["two", "three"] {
        set(&mut ada, "note", json!(text)).await;
    }
    let listed = ada.post(SEARCH, json!({"key": "note"})).await.json();
    assert_eq!(
        listed["versions"][1],
        json!({"version": 1, "bytes": 5, "metadata": {"n": 1},
            "updated_at": "2026-03-14T15:09:26Z", "replaced_at": "2026-03-14T15:10:26Z"})
    );
    assert_eq!(versions(&mut ada, "note").await, [2, 1]);
    let old = ada.get("/api/storage/get?key=note&version=1").await;
    assert_eq!((&old.json()["value"], &old.headers["etag"]), (&json!("one"), &"\"1\"".parse().unwrap()));

    let restored = ada.post(RESTORE, json!({"key": "note", "version": 1})).await;
    assert_eq!((restored.status.as_u16(), &restored.json()["version"]), (200, &json!(4)));
    let now = ada.get("/api/storage/get?key=note").await.json();
    assert_eq!((&now["value"], &now["version"], &now["metadata"]), (&json!("one"), &json!(4), &json!({"n": 1})));
    assert_eq!(versions(&mut ada, "note").await, [3, 2, 1]);
    assert_eq!(rows(&app).await, (1, 0, 3));
}

#[tokio::test]
async fn what_was_deleted_or_cleared_can_be_restored() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    for text in ["one", "two"] {
        set(&mut ada, "note", json!(text)).await;
    }
    set(&mut ada, "other", json!(3)).await;
    ada.delete("/api/storage/delete?key=note").await;
    assert_eq!(ada.post("/api/storage/clear", json!(null)).await.json(), json!({"deleted": 1}));
    assert_eq!(rows(&app).await, (0, 2, 1));
    assert_eq!(versions(&mut ada, "note").await, [2, 1]);
    assert_eq!(ada.get("/api/storage/get?key=note&version=2").await.json()["value"], "two");
    assert_eq!(ada.get("/api/storage/get?key=note").await.status, 404);
    let body = Some(json!({"key": "note", "version": 2}));
    let refused = send(&mut ada, Method::POST, RESTORE, ("if-match", "*"), body.clone()).await;
    assert_eq!(refused.code(), "version_mismatch");
    assert_eq!(send(&mut ada, Method::POST, RESTORE, ("if-none-match", "*"), body.clone()).await.status, 200);
    assert_eq!(value(&mut ada, "note").await, "two");
    let refused = send(&mut ada, Method::POST, RESTORE, ("if-none-match", "*"), body).await;
    assert_eq!(refused.code(), "version_mismatch", "it is there again");
    set(&mut ada, "other", json!(4)).await;
    assert_eq!(keys(&mut ada).await, ["note", "other"]);
    assert_eq!(versions(&mut ada, "other").await, [3], "what was deleted stays a version of what took its place");
}

#[tokio::test]
async fn only_a_former_version_of_the_key_is_restored() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    for text in ["one", "two"] {
        set(&mut ada, "note", json!(text)).await;
    }
    set(&mut ada, "other", json!(3)).await;
    set(&mut ada, "other", json!(4)).await;
    for (key, version) in [("note", 2), ("note", 3), ("note", 0), ("note", -1), ("nothing", 1)] {
        let answer = ada.post(RESTORE, json!({"key": key, "version": version})).await;
        assert_eq!(answer.code(), "not_found", "{key} {version}");
    }
    assert_eq!(versions(&mut grace, "note").await, [0; 0]);
    assert_eq!(grace.post(RESTORE, json!({"key": "note", "version": 1})).await.code(), "not_found");
    assert_eq!(grace.get("/api/storage/get?key=note&version=1").await.status, 404);
    assert_eq!(grace.post(FORGET, json!({"key": "note"})).await.json(), json!({"forgotten": 0}));
    assert_eq!(grace.post(FORGET, json!({})).await.json(), json!({"forgotten": 0}));
    assert_eq!(versions(&mut ada, "note").await, [1]);
}

#[tokio::test]
async fn malformed_bodies_about_versions_are_refused() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    for (path, body, code) in [
        (SEARCH, json!({"key": ""}), "invalid_key"),
        (SEARCH, json!({}), "invalid_body"),
        (RESTORE, json!({"key": "\u{0}", "version": 1}), "invalid_key"),
        (RESTORE, json!({"key": "a", "version": "1"}), "invalid_body"),
        (RESTORE, json!({"key": "a", "version": 1.5}), "invalid_body"),
        (RESTORE, json!({"key": "a", "version": 1, "other": 1}), "invalid_body"),
        (FORGET, json!({"key": ""}), "invalid_key"),
        (FORGET, json!({"key": 1}), "invalid_body"),
        (FORGET, json!(null), "invalid_body"),
    ] {
        assert_eq!(ada.post(path, body).await.code(), code, "{path}");
    }
    assert_eq!(ada.get("/api/storage/get?key=a&version=x").await.code(), "invalid_query");
}

#[tokio::test]
async fn forgetting_is_final_and_leaves_what_there_is() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    for key in ["a", "a", "b", "b", "gone"] {
        set(&mut ada, key, json!(key)).await;
    }
    ada.delete("/api/storage/delete?key=gone").await;
    assert_eq!(ada.post(FORGET, json!({"key": "a"})).await.json(), json!({"forgotten": 1}));
    assert_eq!(rows(&app).await, (2, 1, 1));
    assert_eq!(ada.post(FORGET, json!({})).await.json(), json!({"forgotten": 2}));
    assert_eq!(rows(&app).await, (2, 0, 0));
    assert_eq!((value(&mut ada, "a").await, versions(&mut ada, "gone").await.len()), (json!("a"), 0));
}

#[tokio::test]
async fn a_key_keeps_its_hundred_newest_former_versions() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    for turn in 0..110 {
        set(&mut ada, "note", json!(turn)).await;
    }
    let kept = versions(&mut ada, "note").await;
    assert_eq!((kept.len(), kept[0], kept[99]), (100, 109, 10));
    assert_eq!(rows(&app).await, (1, 0, 100));
}

#[tokio::test]
async fn what_is_over_thirty_days_old_is_swept_for_every_user() {
    let app = TestApp::new().await;
    let mut last: Option<(Browser, Value)> = None;
    for name in ["ada", "grace"] {
        let mut browser = app.signed_in(name).await;
        for (key, text) in [("note", "one"), ("note", "two"), ("gone", "three")] {
            set(&mut browser, key, json!(text)).await;
        }
        browser.delete("/api/storage/delete?key=gone").await;
        last = Some((browser, json!(null)));
    }
    let (mut grace, _) = last.unwrap();
    assert_eq!(storage::sweep_versions(&app.platform.for_maintenance().unwrap()).await.unwrap(), 0);
    app.clock.advance(29 * DAY);
    grace.sign_in().await;
    set(&mut grace, "note", json!("late")).await;
    assert_eq!(storage::sweep_versions(&app.platform.for_maintenance().unwrap()).await.unwrap(), 0);
    app.clock.advance(DAY);
    grace.sign_in().await;
    assert_eq!(versions(&mut grace, "note").await, [2], "what is over is shown no more, swept or not");
    assert_eq!(grace.post(RESTORE, json!({"key": "gone", "version": 3})).await.status, 404);
    assert_eq!(rows(&app).await, (2, 2, 3));
    assert_eq!(storage::sweep_versions(&app.platform.for_maintenance().unwrap()).await.unwrap(), 4);
    assert_eq!(rows(&app).await, (2, 0, 1));
    assert_eq!(value(&mut grace, "note").await, "late");
}

#[tokio::test]
async fn the_sweep_never_takes_what_was_the_newest_a_day_ago() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    for text in ["one", "two"] {
        set(&mut ada, "note", json!(text)).await;
    }
    let database = app.superuser().await;
    database.batch_execute("UPDATE storage_versions SET replaced_at = now() - interval '23 hours'").await.unwrap();
    let role = app.maintenance_role().await;
    let sweep = "SELECT sweep_storage_versions('infinity', 500)";
    assert_eq!(role.query_one(sweep, &[]).await.unwrap().get::<_, i64>(0), 0);
    database.batch_execute("UPDATE storage_versions SET replaced_at = now() - interval '25 hours'").await.unwrap();
    assert_eq!(role.query_one(sweep, &[]).await.unwrap().get::<_, i64>(0), 1);
}

#[tokio::test]
async fn erasing_a_user_takes_everything_along() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    for text in ["one", "two"] {
        set(&mut ada, "note", json!(text)).await;
    }
    let database = app.superuser().await;
    database.batch_execute("DELETE FROM users").await.unwrap();
    let left = "SELECT (SELECT count(*) FROM storage_counters) + (SELECT count(*) FROM storage_versions)";
    assert_eq!(database.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
    assert_eq!(rows(&app).await, (0, 0, 0));
}

#[tokio::test]
async fn the_code_before_versions_goes_on_to_work() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    set(&mut ada, "note", json!("one")).await;
    let database = app.superuser().await;
    ada.delete("/api/storage/delete?key=note").await;
    let upsert =
        "INSERT INTO encrypted_storage (id, user_id, key_index, key_name, encrypted_data, created_at, updated_at)
         SELECT gen_random_uuid(), user_id, key_index, key_name, encrypted_data, now(), now() FROM encrypted_storage
         ON CONFLICT (user_id, key_index) DO UPDATE SET
             key_name = excluded.key_name, encrypted_data = excluded.encrypted_data, updated_at = excluded.updated_at";
    database.execute(upsert, &[]).await.unwrap();
    let got = ada.get("/api/storage/get?key=note").await.json();
    assert_eq!(got["value"], "one", "a deleted key that is set is there again");
    assert!(got["version"].as_i64().unwrap() > 1, "under a version of its own");
    assert_eq!(rows(&app).await, (1, 0, 0));
    database.execute("DELETE FROM encrypted_storage", &[]).await.unwrap();
    assert_eq!(rows(&app).await, (0, 0, 0));
}
