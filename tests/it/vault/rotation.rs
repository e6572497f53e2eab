//! New versions of data keys, revoked ones, and the first one when many ask for it at once.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::json;
use shared::data::Db;
use shared::identity::RequestMeta;
use shared::vault::{Field, KeyOperator, Keyring, Rewrapped};
use tests::{Browser, FaultyKms, TestApp};
use uuid::Uuid;

const REQUEST: RequestMeta = RequestMeta { id: Uuid::nil(), address: None };
const FIELD: Field<'_> = Field { table: "users", column: "profile", row: "1" };

async fn user_id(browser: &mut Browser) -> Uuid {
    browser.get("/api/auth/me").await.json()["user"]["id"].as_str().unwrap().parse().unwrap()
}

fn owner(app: &TestApp) -> Db {
    app.platform.operator_db(4).unwrap()
}

/// Which version sealed what stands under the key.
async fn sealed_by(app: &TestApp) -> i32 {
    let sql = "SELECT get_byte(encrypted_data, 7) FROM encrypted_storage";
    app.superuser().await.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_new_version_seals_and_the_old_one_opens() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let mut elsewhere = app.on_another_instance(&ada);
    ada.post("/api/storage/set", json!({"key": "k", "value": "one"})).await;
    assert_eq!(elsewhere.get("/api/storage/get?key=k").await.json()["value"], "one");

    let db = owner(&app);
    let operator = KeyOperator::new(&app.platform.vault, &db, REQUEST);
    let version = operator.rotate(user_id(&mut ada).await, app.clock.now()).await.unwrap();
    assert_eq!(version, 2);
    assert_eq!(ada.get("/api/storage/get?key=k").await.json()["value"], "one");
    assert_eq!(sealed_by(&app).await, 1);
    // Both instances go over to it within the life of what they keep.
    app.clock.advance(301);
    for browser in [&mut ada, &mut elsewhere] {
        assert_eq!(browser.get("/api/storage/get?key=k").await.json()["value"], "one");
        assert_eq!(browser.post("/api/storage/set", json!({"key": "k", "value": "one"})).await.status, 200);
        assert_eq!(sealed_by(&app).await, 2);
    }
    let sql = "SELECT string_agg(state, ',' ORDER BY version) FROM data_keys WHERE subject = $1";
    let id = user_id(&mut ada).await;
    assert_eq!(app.superuser().await.query_one(sql, &[&id]).await.unwrap().get::<_, &str>(0), "retired,active");
    let audited = "SELECT count(*) FROM audit_log WHERE action = 'key.rotate' AND user_id = $1 AND resource_id = '2'";
    assert_eq!(app.superuser().await.query_one(audited, &[&id]).await.unwrap().get::<_, i64>(0), 1);
}

#[tokio::test]
async fn a_revoked_key_is_of_no_use_anywhere_within_five_minutes() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    ada.post("/api/storage/set", json!({"key": "k", "value": "one"})).await;
    let mut elsewhere = app.on_another_instance(&ada);
    app.clock.advance(60);
    assert_eq!(elsewhere.get("/api/storage/get?key=k").await.status, 200);
    let id = user_id(&mut ada).await;
    let db = owner(&app);
    let operator = KeyOperator::new(&app.platform.vault, &db, REQUEST);
    assert_eq!(operator.set_revoked(id, None, true, app.clock.now()).await.unwrap(), 1);

    app.clock.advance(301);
    for browser in [&mut ada, &mut elsewhere] {
        let read = browser.get("/api/storage/get?key=k").await;
        assert_eq!((read.status.as_u16(), read.code().as_str()), (403, "key_revoked"));
        let written = browser.post("/api/storage/set", json!({"key": "l", "value": 1})).await;
        assert_eq!((written.status.as_u16(), written.code().as_str()), (403, "key_revoked"));
    }
    // A new version seals; what the revoked one sealed stays shut.
    operator.rotate(id, app.clock.now()).await.unwrap();
    app.clock.advance(301);
    assert_eq!(ada.post("/api/storage/set", json!({"key": "l", "value": 2})).await.status, 200);
    assert_eq!(ada.get("/api/storage/get?key=k").await.status, 403);
    assert_eq!(operator.set_revoked(id, Some(1), false, app.clock.now()).await.unwrap(), 1);
    app.clock.advance(301);
    assert_eq!(ada.get("/api/storage/get?key=k").await.json()["value"], "one");
    let sql = "SELECT string_agg(state, ',' ORDER BY version) FROM data_keys WHERE subject = $1";
    assert_eq!(app.superuser().await.query_one(sql, &[&id]).await.unwrap().get::<_, &str>(0), "retired,active");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_first_writes_in_many_processes_make_one_key() {
    let kms = FaultyKms::in_region("us-east-1").await;
    let app = TestApp::with_keyring(&[("WARD_DATABASE_POOL", "8")], Arc::new(kms.keyring().await)).await;
    let subject = Uuid::from_u128(0x1234_5678);
    let mut instances = Vec::new();
    for _ in 0..4 {
        instances.push(app.other_platform(Arc::new(kms.keyring().await)));
    }
    let writes = (0..100).map(|at| {
        let platform = &instances[at % instances.len()];
        async move {
            let key = platform.vault.owner_key(&platform.db, subject).await.unwrap();
            (key.version(), key.seal(&FIELD, &[7]).unwrap())
        }
    });
    let sealed = join_all(writes).await;
    assert!(sealed.iter().all(|(version, _)| *version == 1));
    let sql = "SELECT count(*) FROM data_keys WHERE subject = $1";
    assert_eq!(app.superuser().await.query_one(sql, &[&subject]).await.unwrap().get::<_, i64>(0), 1);
    // Whoever sealed it, each opens it.
    for (_, sealed) in &sealed {
        let opened = app.platform.vault.open_any(&app.platform.db, subject, &FIELD, sealed).await.unwrap();
        assert_eq!(opened.as_slice(), [7]);
    }
}

#[tokio::test]
async fn a_copy_that_was_changed_meanwhile_is_not_overwritten() {
    let app = TestApp::new().await;
    app.signed_in("ada").await;
    let db = owner(&app);
    let operator = KeyOperator::new(&app.platform.vault, &db, REQUEST);
    let new = FaultyKms::in_region("us-east-1").await.keyring().await;
    let target = new.describe().await.unwrap();
    let read = operator.to_rewrap(&target, None, 10).await.unwrap();
    let first = &read[0];
    assert_eq!(operator.rewrap(&new, &target, &[], first).await.unwrap(), Rewrapped::Done);
    // As another who has read the same row would do it, a moment later.
    assert_eq!(operator.rewrap(&new, &target, &[], first).await.unwrap(), Rewrapped::Overtaken);
    assert_eq!(operator.how_many_to_rewrap(&target).await.unwrap(), i64::try_from(read.len()).unwrap() - 1);
}
