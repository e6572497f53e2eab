//! The keys of the key-value store, whose values are sealed for their indexes, while those are made anew.

use std::collections::BTreeMap;

use axum::http::{HeaderName, Method};
use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::data::Db;
use shared::vault::reindex;
use tests::{Answer, Browser, TestApp};

use super::command::{stderr, stdout, ward};

async fn set(browser: &mut Browser, key: &str, value: Value) {
    let answer = browser.post("/api/storage/set", json!({"key": key, "value": value})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

async fn set_if(browser: &mut Browser, key: &str, value: Value, header: (&'static str, &str)) -> Answer {
    let body = json!({"key": key, "value": value}).to_string().into_bytes();
    let mut request = browser.request(&Method::POST, "/api/storage/set", Some(("application/json", body)));
    request.headers_mut().insert(HeaderName::from_static(header.0), header.1.parse().unwrap());
    browser.send_request(request).await
}

/// Everything that is told of the user's keys: of each, the value with its version, and each former version's.
async fn told(browser: &mut Browser) -> BTreeMap<String, Vec<(i64, Value)>> {
    let mut told = BTreeMap::new();
    for path in ["/api/storage/keys", "/api/storage/keys?deleted=true"] {
        let page = browser.get(path).await.json();
        for key in page["keys"].as_array().unwrap() {
            let name = key.as_str().unwrap();
            let mut versions = Vec::new();
            let newest = browser.get(&format!("/api/storage/get?key={name}")).await;
            if newest.status == 200 {
                let version = newest.json()["version"].as_i64().unwrap();
                assert_eq!(newest.headers["etag"], format!("\"{version}\"").as_str());
                let batch = browser.post("/api/storage/batch/get", json!({"items": [{"key": name}]})).await;
                assert_eq!(batch.json()["items"][0]["version"], version, "{}", batch.text());
                versions.push((version, newest.json()["value"].clone()));
            }
            let former = browser.post("/api/storage/versions/search", json!({"key": name})).await.json();
            for version in former["versions"].as_array().unwrap() {
                let number = version["version"].as_i64().unwrap();
                let value = browser.get(&format!("/api/storage/get?key={name}&version={number}")).await.json();
                versions.push((number, value["value"].clone()));
            }
            assert!(told.insert(name.to_owned(), versions).is_none(), "{name} stands there once");
        }
    }
    told
}

/// Which versions of the system's key the indexes are of, in both tables; the counters agree with what is there.
async fn index_versions(app: &TestApp) -> Vec<i32> {
    let database = app.superuser().await;
    let drift = "SELECT count(*) FROM storage_counters c, LATERAL (
            SELECT count(*) FILTER (WHERE live) AS keys, coalesce(sum(size), 0) AS bytes FROM (
                SELECT user_id, deleted_at IS NULL AS live, stored_size(key_name, encrypted_data, metadata) AS size
                FROM encrypted_storage UNION ALL
                SELECT user_id, false, stored_size(key_name, encrypted_data, metadata) FROM storage_versions) all_of
            WHERE user_id = c.user_id) there
        WHERE c.keys <> there.keys OR c.bytes <> there.bytes";
    assert_eq!(database.query_one(drift, &[]).await.unwrap().get::<_, i64>(0), 0, "the counters agree");
    let sql = "SELECT get_byte(key_index, 0) FROM encrypted_storage
        UNION SELECT get_byte(key_index, 0) FROM storage_versions ORDER BY 1";
    database.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// Two functions after the switch: one that has not heard of it yet, and one that has.
async fn slow_and_fast(app: &TestApp, db: &Db, ada: &Browser) -> (Browser, Browser) {
    stdout(&ward(app.settings(), &["rotate"]));
    let next = reindex::newest_version(db).await.unwrap();
    reindex::announce(db, next, app.clock.now()).await.unwrap();
    app.clock.advance(301);
    let mut slow = app.on_another_instance(ada);
    assert_eq!(slow.get("/api/storage/get?key=none").await.status, 404, "it reads which keys there are");
    reindex::switch(db, app.clock.now()).await.unwrap();
    (slow, app.on_another_instance(ada))
}

fn operator(app: &TestApp) -> Db {
    app.platform.operator_db(2).unwrap()
}

async fn finish(app: &TestApp) {
    let done = ward(app.settings(), &["reindex", "--stopped", "--force"]);
    assert!(stdout(&done).contains("under version 2"), "{}", stderr(&done));
    assert_eq!(index_versions(app).await, [2]);
    app.clock.advance(301);
}

#[tokio::test]
async fn everything_is_told_and_changed_in_each_phase() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    for n in 1..=2 {
        for key in ["kept", "changed", "deleted", "batch"] {
            set(&mut ada, key, json!({"of": key, "n": n})).await;
        }
    }
    assert_eq!(ada.delete("/api/storage/delete?key=deleted").await.status, 204);
    let before = told(&mut ada).await;
    assert_eq!((before.len(), before["deleted"].len(), before["kept"].len()), (4, 2, 2));
    let (mut slow, mut fast) = slow_and_fast(&app, &operator(&app), &ada).await;
    for browser in [&mut slow, &mut fast] {
        assert_eq!(told(browser).await, before);
        assert_eq!(set_if(browser, "kept", json!(0), ("if-none-match", "*")).await.status, 412);
    }
    assert_eq!(index_versions(&app).await, [1, 2], "what was to be changed was moved before it was refused");
    assert_eq!(told(&mut slow).await, before);

    // What the fast one writes the slow one goes on with, under the newer index, and the other way round.
    set(&mut fast, "changed", json!(3)).await;
    let etag = slow.get("/api/storage/get?key=changed").await.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(set_if(&mut slow, "changed", json!(4), ("if-match", &etag)).await.status, 200);
    assert_eq!(set_if(&mut fast, "changed", json!(5), ("if-match", &etag)).await.status, 412);
    set(&mut slow, "new", json!("slow")).await;
    set(&mut fast, "new", json!("fast")).await;
    let restore = json!({"key": "deleted", "version": before["deleted"][0].0});
    assert_eq!(fast.post("/api/storage/versions/restore", restore).await.status, 200);
    let items = json!({"items": [{"key": "batch", "value": 6}, {"key": "another", "value": 7}]});
    assert_eq!(slow.post("/api/storage/batch/set", items).await.status, 200);
    assert_eq!(fast.delete("/api/storage/delete?key=batch").await.status, 204);
    assert_eq!(slow.get("/api/storage/get?key=batch").await.status, 404);
    set(&mut slow, "forgotten", json!(1)).await;
    set(&mut slow, "forgotten", json!(2)).await;
    let forgotten = fast.post("/api/storage/versions/forget", json!({"key": "forgotten"})).await;
    assert_eq!(forgotten.json(), json!({"forgotten": 1}), "{}", forgotten.text());

    let now = told(&mut fast).await;
    assert_eq!(told(&mut slow).await, now);
    let values: Vec<&Value> = now["changed"].iter().map(|(_, value)| value).collect();
    let first = |n| json!({"of": "changed", "n": n});
    assert_eq!(values, [&json!(4), &json!(3), &first(2), &first(1)]);
    assert_eq!(now["new"].iter().map(|(_, value)| value.clone()).collect::<Vec<_>>(), [json!("fast"), json!("slow")]);
    assert_eq!(now["kept"], before["kept"], "versions stay");
    finish(&app).await;
    assert_eq!(told(&mut ada).await, now);
}

#[tokio::test]
async fn what_a_function_wrote_under_the_old_index_is_put_together_with_the_new() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let database = app.superuser().await;
    for key in ["older", "newer"] {
        set(&mut ada, key, json!("old")).await;
    }
    database
        .batch_execute("CREATE TABLE kept AS SELECT * FROM encrypted_storage; UPDATE kept SET id = gen_random_uuid()")
        .await
        .unwrap();
    let (_, mut fast) = slow_and_fast(&app, &operator(&app), &ada).await;
    for key in ["older", "newer"] {
        set(&mut fast, key, json!("new")).await;
    }
    // As a function would that knows of no other index: the lower number, and one that is higher than all.
    database
        .batch_execute("DELETE FROM storage_versions; INSERT INTO encrypted_storage SELECT * FROM kept")
        .await
        .unwrap();
    let newer = "UPDATE encrypted_storage SET encrypted_data = encrypted_data WHERE get_byte(key_index, 0) = 1
        AND version = (SELECT max(version) FROM kept)";
    assert_eq!(database.execute(newer, &[]).await.unwrap(), 1);
    assert_eq!(fast.get("/api/storage/get?key=older").await.json()["value"], "new");
    assert_eq!(fast.get("/api/storage/get?key=newer").await.json()["value"], "old", "it was written last");
    finish(&app).await;
    let told = told(&mut ada).await;
    let values = |key: &str| told[key].iter().map(|(_, value)| value.clone()).collect::<Vec<_>>();
    assert_eq!(
        (values("older"), values("newer")),
        (vec![json!("new"), json!("old")], vec![json!("old"), json!("new")])
    );
}

#[tokio::test]
async fn of_many_who_change_one_key_meanwhile_none_is_lost() {
    let app = TestApp::with(&[("WARD_DATABASE_POOL", "6")]).await;
    let mut ada = app.signed_in("ada").await;
    set(&mut ada, "count", json!(0)).await;
    let (slow, fast) = slow_and_fast(&app, &operator(&app), &ada).await;
    let count = |mut browser: Browser| async move {
        for _ in 0..6 {
            loop {
                let read = browser.get("/api/storage/get?key=count").await;
                assert_eq!(read.status, 200, "{}", read.text());
                let (n, etag) = (read.json()["value"].as_i64().unwrap(), read.headers["etag"].to_str().unwrap());
                let written = set_if(&mut browser, "count", json!(n + 1), ("if-match", etag)).await;
                if written.status == 200 {
                    break;
                }
                assert_eq!(written.status, 412, "{}", written.text());
            }
        }
    };
    join_all([slow.clone(), fast.clone(), slow, fast].map(count)).await;
    let counted = told(&mut ada).await;
    let values: Vec<i64> = counted["count"].iter().map(|(_, value)| value.as_i64().unwrap()).collect();
    assert_eq!(values, (0..=24).rev().collect::<Vec<_>>());
    finish(&app).await;
    assert_eq!(told(&mut ada).await, counted);
}
