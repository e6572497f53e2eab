//! What no request comes back for.

use shared::identity::RequestMeta;
use storage::{Swept, sweep_files};
use tests::TestApp;
use uuid::Uuid;

use super::{begin, path, put, upload};

const SWEEPER: RequestMeta = RequestMeta { id: Uuid::from_u128(1), address: None };
const DAY: i64 = 24 * 3600;

fn objects(app: &TestApp) -> usize {
    ["sealed", "direct"].iter().map(|kind| std::fs::read_dir(app.objects().join(kind)).map_or(0, Iterator::count)).sum()
}

#[tokio::test]
async fn an_upload_nobody_finishes_is_swept_after_a_day() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    let begun = begin(&mut ada, "a.txt", "text/plain", b"content").await;
    app.browser().send_request(put(&begun, b"content")).await;
    begin(&mut grace, "b.txt", "text/plain", b"never sent").await;
    let stays = upload(&mut grace, "c.txt", "text/plain", b"stays").await;
    let storage = storage::App::new(app.platform.for_maintenance().unwrap());
    app.clock.advance(DAY - 1);
    assert!(sweep_files(&storage, SWEEPER, 10).await.unwrap().is_empty());
    app.clock.advance(1);
    // Two at a time: each upload is found once.
    let (one, other) = tokio::join!(sweep_files(&storage, SWEEPER, 10), sweep_files(&storage, SWEEPER, 10));
    assert_eq!(one.unwrap().discarded + other.unwrap().discarded, 2);
    assert_eq!(objects(&app), 1);
    assert!(sweep_files(&storage, SWEEPER, 10).await.unwrap().is_empty());
    let mut ada = ada;
    ada.sign_in().await;
    assert_eq!(ada.get(&path(&begun)).await.status, 404);
    grace.sign_in().await;
    assert_eq!(grace.get(&path(&stays)).await.status, 200);
    let sql = "SELECT count(*) FROM audit_log WHERE action = 'file.discard' AND actor_id = $1 AND user_id <> $1";
    let noted: i64 = app.superuser().await.query_one(sql, &[&Uuid::nil()]).await.unwrap().get(0);
    assert_eq!(noted, 2);
    // Who began to send before a URL was over may still be sending: the keys are looked at again a day later.
    let left = "SELECT count(*) FROM file_objects_gone";
    let database = app.superuser().await;
    assert_eq!(database.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 2);
    app.clock.advance(DAY);
    assert_eq!(sweep_files(&storage, SWEEPER, 10).await.unwrap().deleted, 2);
    assert_eq!(database.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn an_object_that_comes_after_its_file_is_deleted_is_swept() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let begun = begin(&mut ada, "a.txt", "text/plain", b"content").await;
    assert_eq!(ada.delete(&path(&begun)).await.status, 204);
    // The URL still holds.
    assert_eq!(app.browser().send_request(put(&begun, b"content")).await.status, 200);
    let storage = storage::App::new(app.platform.for_maintenance().unwrap());
    assert!(sweep_files(&storage, SWEEPER, 10).await.unwrap().is_empty());
    app.clock.advance(15 * 60 + DAY);
    assert_eq!(sweep_files(&storage, SWEEPER, 10).await.unwrap(), Swept { deleted: 1, ..Swept::default() });
    assert_eq!(objects(&app), 0);
}

#[tokio::test]
async fn an_object_the_store_does_not_delete_is_swept() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let file = upload(&mut ada, "a.txt", "text/plain", b"content").await;
    let hidden = app.objects().with_extension("hidden");
    std::fs::rename(app.objects(), &hidden).unwrap();
    std::fs::write(app.objects(), "no folder").unwrap();
    let other = app.on_another_instance(&ada);
    let mut other = other;
    assert_eq!(other.delete(&path(&file)).await.status, 204, "the row is gone, the object follows");
    std::fs::remove_file(app.objects()).unwrap();
    std::fs::rename(hidden, app.objects()).unwrap();
    assert_eq!(objects(&app), 1);
    let storage = storage::App::new(app.platform.for_maintenance().unwrap());
    app.clock.advance(15 * 60);
    assert_eq!(sweep_files(&storage, SWEEPER, 10).await.unwrap(), Swept { deleted: 1, ..Swept::default() });
    assert_eq!(objects(&app), 0);
}

#[tokio::test]
async fn objects_of_a_user_whose_row_is_deleted_are_swept() {
    let app = TestApp::new().await;
    let mut ada = app.browser();
    let id: Uuid = ada.register("ada").await.parse().unwrap();
    upload(&mut ada, "a", "text/plain", b"x").await;
    app.superuser().await.execute("DELETE FROM users WHERE id = $1", &[&id]).await.unwrap();
    let storage = storage::App::new(app.platform.for_maintenance().unwrap());
    app.clock.advance(15 * 60);
    assert_eq!(sweep_files(&storage, SWEEPER, 10).await.unwrap(), Swept { deleted: 1, ..Swept::default() });
    assert_eq!(objects(&app), 0);
}
