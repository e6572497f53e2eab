//! Every access to a file writes an audit row.

use serde_json::json;
use tests::TestApp;

use super::audit::actions;
use crate::api::files;

#[tokio::test]
async fn each_access_to_a_file_leaves_its_row() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let file = files::upload(&mut ada, "scan.txt", "text/plain", b"content").await;
    files::get(&mut ada, &file, &[]).await;
    files::get(&mut ada, &file, &[("range", "bytes=0-0")]).await;
    ada.get("/api/files").await;
    ada.get(&files::path(&file)).await;
    ada.patch(&files::path(&file), json!({"original_name": "b.txt"})).await;
    ada.delete(&files::path(&file)).await;
    let begun = files::begin(&mut ada, "c.txt", "text/plain", b"large").await;
    app.browser().send_request(files::put(&begun, b"large")).await;
    files::complete(&mut ada, &begun).await;
    let expected = [
        ("file.complete", 1),
        ("file.create", 1),
        ("file.delete", 1),
        ("file.download", 2),
        ("file.list", 1),
        ("file.read", 1),
        ("file.ready", 2),
        ("file.rename", 1),
        ("file.upload", 1),
    ];
    assert_eq!(actions(&app, "file.%").await, expected.map(|(action, times)| (action.to_owned(), times)));
    let sql = "SELECT count(*) FROM audit_log WHERE action = 'file.download' AND resource_id = $1 AND resource_type = 'file_uploads'";
    let id = file["id"].as_str().unwrap();
    assert_eq!(app.superuser().await.query_one(sql, &[&id]).await.unwrap().get::<_, i64>(0), 2);
}
