//! Many at once.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Browser, TestApp};

use super::{rows, set, set_if, value};

const AT_ONCE: usize = 50;

async fn pooled() -> (TestApp, Browser) {
    let app = TestApp::with(&[("WARD_DATABASE_POOL", "8")]).await;
    let ada = app.signed_in("ada").await;
    (app, ada)
}

/// How many of fifty sets of one key, all at once and under one condition, are stored.
async fn stored_at_once(ada: &Browser, condition: (&'static str, &str)) -> usize {
    let sets = (0..AT_ONCE).map(|n| {
        let mut browser = ada.clone();
        async move { set_if(&mut browser, "note", json!(n), condition).await }
    });
    let answers = join_all(sets).await;
    assert!(answers.iter().all(|answer| answer.status == 200 || answer.code() == "version_mismatch"));
    answers.iter().filter(|answer| answer.status == 200).count()
}

#[tokio::test]
async fn of_many_creations_one_happens() {
    let (app, ada) = pooled().await;
    assert_eq!(stored_at_once(&ada, ("if-none-match", "*")).await, 1);
    assert_eq!(rows(&app).await, (1, 0, 0));
}

#[tokio::test]
async fn of_many_changes_on_one_version_one_happens() {
    let (app, mut ada) = pooled().await;
    set(&mut ada, "note", json!("first")).await;
    assert_eq!(stored_at_once(&ada, ("if-match", "\"1\"")).await, 1);
    assert_eq!(rows(&app).await, (1, 0, 1));
}

#[tokio::test]
async fn many_sets_of_one_key_lose_no_version() {
    let (app, mut ada) = pooled().await;
    let sets =
        (0..AT_ONCE).map(|n| {
            let mut browser = ada.clone();
            async move {
                browser.post("/api/storage/set", json!({"key": "note", "value": n})).await.json()["version"].clone()
            }
        });
    let mut told: Vec<i64> = join_all(sets).await.iter().map(|version| version.as_i64().unwrap()).collect();
    told.sort_unstable();
    assert_eq!(told, (1..=50).collect::<Vec<_>>());
    let mut values = vec![value(&mut ada, "note").await.as_u64().unwrap()];
    let former = ada.post("/api/storage/versions/search", json!({"key": "note"})).await.json();
    for version in former["versions"].as_array().unwrap() {
        let old = ada.get(&format!("/api/storage/get?key=note&version={}", version["version"])).await;
        values.push(old.json()["value"].as_u64().unwrap());
    }
    values.sort_unstable();
    assert_eq!(values, (0..50).collect::<Vec<_>>());
    assert_eq!(rows(&app).await, (1, 0, 49));
}

#[tokio::test]
async fn a_counter_kept_by_conditions_loses_no_step() {
    let (app, mut ada) = pooled().await;
    set(&mut ada, "counter", json!(0)).await;
    let workers = (0..8).map(|_| {
        let mut browser = ada.clone();
        async move {
            let mut steps = 0;
            while steps < 5 {
                let got = browser.get("/api/storage/get?key=counter").await;
                let (tag, count) = (got.headers["etag"].to_str().unwrap(), got.json()["value"].as_i64().unwrap());
                let next = set_if(&mut browser, "counter", json!(count + 1), ("if-match", tag)).await;
                steps += i32::from(next.status == 200);
            }
        }
    });
    join_all(workers).await;
    assert_eq!(value(&mut ada, "counter").await, 40);
    assert_eq!(rows(&app).await, (1, 0, 40));
}

#[tokio::test]
async fn batches_that_cross_deletions_and_sweeps_end_whole() {
    let (app, mut ada) = pooled().await;
    let keys = ["a", "b", "c", "d"];
    let batch = |keys: &mut dyn Iterator<Item = &&str>, n: usize| json!({"items": keys.map(|key| json!({"key": key, "value": n})).collect::<Vec<Value>>()});
    let tasks = (0..AT_ONCE).map(|n| {
        let (mut browser, platform) = (ada.clone(), app.platform.for_maintenance().unwrap());
        // Half of them name the keys the other way round.
        let items = if n % 2 == 0 { batch(&mut keys.iter(), n) } else { batch(&mut keys.iter().rev(), n) };
        async move {
            let status = match n % 5 {
                0 => browser.post("/api/storage/clear", json!(null)).await.status,
                1 => browser.post("/api/storage/versions/forget", json!({})).await.status,
                2 => {
                    let items: Vec<Value> = keys.iter().map(|key| json!({"key": key})).collect();
                    browser.post("/api/storage/batch/delete", json!({"items": items})).await.status
                }
                _ => browser.post("/api/storage/batch/set", items).await.status,
            };
            assert_eq!(status, 200);
            storage::sweep_versions(&platform).await.unwrap();
        }
    });
    join_all(tasks).await;
    rows(&app).await;
    ada.post("/api/storage/batch/set", batch(&mut keys.iter(), 7)).await;
    assert_eq!(rows(&app).await.0, 4);
}
