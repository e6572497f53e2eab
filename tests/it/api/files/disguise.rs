//! What a file says it is, and what it is.

use tests::TestApp;

use super::{begin, complete, get, put, send, upload};

const HTML: &[u8] = b"<html><script>alert(1)</script>";
const SVG: &[u8] = b"<?xml version='1.0'?>\n<svg onload='alert(1)'>";
const SCRIPT: &[u8] = b"#!/bin/sh\nrm -rf /\n";

#[tokio::test]
async fn a_page_or_a_script_may_not_say_it_were_a_picture() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    for content in [HTML, SVG, SCRIPT] {
        for kind in ["image/png", "application/pdf", "video/mp4"] {
            let answer = send(&mut ada, "attachment; filename=a.png", kind, content).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (415, "type_disguised"), "{kind}");
        }
    }
    assert_eq!(ada.get("/api/files").await.json()["files"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn what_runs_is_served_as_bytes_when_it_says_so() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    for (content, kind) in [(HTML, "text/html"), (SVG, "image/svg+xml"), (SCRIPT, "application/octet-stream")] {
        let file = upload(&mut ada, "a", kind, content).await;
        let got = get(&mut ada, &file, &[]).await;
        assert_eq!(got.headers["content-type"], "application/octet-stream", "{kind}");
        assert!(got.headers["content-disposition"].to_str().unwrap().starts_with("attachment; "));
    }
    let text = upload(&mut ada, "a.csv", "text/csv", "größe,1\n".as_bytes()).await;
    assert_eq!(get(&mut ada, &text, &[]).await.headers["content-type"], "text/plain; charset=utf-8");
}

#[tokio::test]
async fn a_large_file_is_looked_at_once_it_is_there() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let upload = begin(&mut ada, "a.png", "image/png", HTML).await;
    let mut page = app.browser();
    assert_eq!(page.send_request(put(&upload, HTML)).await.status, 200);
    let refused = complete(&mut ada, &upload).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (415, "type_disguised"));
    assert_eq!(complete(&mut ada, &upload).await.code(), "not_found");
    let stays = std::fs::read_dir(app.objects().join("direct")).unwrap().count();
    assert_eq!(stays, 0, "it is gone");
}
