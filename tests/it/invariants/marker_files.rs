//! What a user does with files, for the walk of the marker.

use serde_json::json;
use tests::{Answer, Browser, TestApp};

use super::marker::MARKER;
use crate::api::files;

/// Keeps files whose names, types and contents are the marker's; gives what was refused.
pub async fn walk(app: &TestApp, browser: &mut Browser, refusals: &mut Vec<Answer>) {
    let (name, kind) = (format!("{MARKER}.txt"), format!("application/{MARKER}"));
    let content = format!("content {MARKER}").into_bytes();
    let file = files::upload(browser, &name, &kind, &content).await;
    files::get(browser, &file, &[]).await;
    browser.patch(&files::path(&file), json!({"original_name": format!("other {MARKER}")})).await;
    browser.get("/api/files").await;
    let begun = files::begin(browser, &name, &kind, &content).await;
    assert_eq!(app.browser().send_request(files::put(&begun, &content)).await.status, 200);
    let begun = files::complete(browser, &begun).await.json();
    assert_eq!(files::get(browser, &begun, &[]).await.body, content);
    let sealed = std::fs::read_dir(app.objects().join("sealed")).unwrap();
    for object in sealed.map(|object| std::fs::read(object.unwrap().path()).unwrap()) {
        assert!(!object.windows(MARKER.len()).any(|part| part == MARKER.as_bytes()), "a small file is sealed");
    }
    let announced = json!({"original_name": MARKER, "mime_type": MARKER, "size": 1, "content_hash": MARKER});
    refusals.push(browser.post("/api/files/uploads", announced).await);
    refusals.push(browser.patch(&files::path(&file), json!({"original_name": MARKER.repeat(40)})).await);
    refusals.push(browser.get(&format!("/api/files/{MARKER}/content")).await);
    refusals.push(browser.get(&format!("/api/files?cursor={MARKER}")).await);
    refusals.push(files::send(browser, &format!("attachment; {MARKER}"), MARKER, b"x").await);
    refusals
        .push(files::send(browser, "attachment; filename=a", "image/png", format!("<html>{MARKER}").as_bytes()).await);
    let mut changed = files::begin(browser, &name, &kind, &content).await;
    changed["url"] = json!(changed["url"].as_str().unwrap().replace("signature=", MARKER));
    refusals.push(app.browser().send_request(files::put(&changed, &content)).await);
    refusals.push(browser.delete(&format!("/api/files/{MARKER}")).await);
}
