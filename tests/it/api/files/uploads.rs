//! Large files, with a folder in place of S3.

use axum::body::Body;
use axum::http::{HeaderValue, Request};
use serde_json::{Value, json};
use tests::TestApp;

use super::{begin, bytes, complete, get, path, put, sha256};

#[tokio::test]
async fn a_large_file_goes_past_the_api_and_comes_back() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let mut content = b"%PDF-1.7\n".to_vec();
    content.extend(bytes(9_000_000));
    let upload = begin(&mut ada, "../Röntgen.pdf", "application/pdf", &content).await;
    assert_eq!((&upload["method"], &upload["expires_at"]), (&json!("PUT"), &json!("2026-03-14T15:24:26Z")));
    let url = upload["url"].as_str().unwrap();
    assert!(!url.contains(&sha256(&content)) && !url.contains("pdf"), "{url}");
    let waiting = ada.get(&path(&upload)).await.json();
    assert_eq!((&waiting["state"], &waiting["uploaded_at"]), (&json!("uploading"), &Value::Null));
    assert_eq!(get(&mut ada, &upload, &[]).await.code(), "file_not_ready");
    assert_eq!(complete(&mut ada, &upload).await.code(), "upload_incomplete");

    // The page sends no cookies there: the URL says what it is for.
    let mut page = app.browser();
    let sent = page.send_request(put(&upload, &content)).await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    let file = complete(&mut ada, &upload).await;
    assert_eq!(file.status, 200, "{}", file.text());
    let file = file.json();
    assert_eq!((&file["state"], &file["mime_type"]), (&json!("ready"), &json!("application/pdf")));
    assert_eq!((&file["original_name"], &file["size"]), (&json!("Röntgen.pdf"), &json!(content.len())));
    assert_eq!(complete(&mut ada, &upload).await.json(), file, "a second time changes nothing");
    let got = get(&mut ada, &file, &[]).await;
    assert_eq!((got.status.as_u16(), got.body == content), (200, true));
    let part = get(&mut ada, &file, &[("range", "bytes=9-10")]).await;
    assert_eq!((part.status.as_u16(), part.body), (206, vec![0, 1]));
    assert_eq!(ada.delete(&path(&file)).await.status, 204);
}

#[tokio::test]
async fn an_uploads_url_takes_what_it_was_made_for_and_nothing_else() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let content = b"what was announced".to_vec();
    let upload = begin(&mut ada, "a.txt", "text/plain", &content).await;
    let mut page = app.browser();
    let changed = |change: &dyn Fn(&mut Request<Body>)| {
        let mut request = put(&upload, &content);
        change(&mut request);
        request
    };
    let uri = upload["url"].as_str().unwrap().strip_prefix("http://localhost:9000").unwrap().to_owned();
    let with_uri = |uri: String| changed(&|request| *request.uri_mut() = uri.parse().unwrap());
    let other_hash = HeaderValue::from_static("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    let (base, signature) = uri.rsplit_once('=').unwrap();
    let mut turned = signature.to_owned();
    let first = if turned.starts_with('A') { "B" } else { "A" };
    turned.replace_range(3..4, if &turned[3..4] == first { "C" } else { first });
    let cases = [
        ("type", changed(&|request| drop(request.headers_mut().insert("content-type", "text/html".parse().unwrap())))),
        ("length", changed(&|request| drop(request.headers_mut().insert("content-length", 19.into())))),
        ("no length", changed(&|request| drop(request.headers_mut().remove("content-length")))),
        (
            "checksum",
            changed(&|request| drop(request.headers_mut().insert("x-amz-checksum-sha256", other_hash.clone()))),
        ),
        ("no checksum", changed(&|request| drop(request.headers_mut().remove("x-amz-checksum-sha256")))),
        ("time", with_uri(uri.replace("expires=17", "expires=18"))),
        ("object", with_uri(uri.replacen("/direct/", "/direct/0", 1))),
        ("signature", with_uri(format!("{base}={turned}"))),
        ("no signature", with_uri(format!("{base}="))),
    ];
    for (case, request) in cases {
        let answer = page.send_request(request).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "url_invalid"), "{case}");
    }
    for other in [b"what was Announced".as_slice(), b"what was"] {
        let mut request = put(&upload, other);
        request.headers_mut().insert("content-length", content.len().into());
        let answer = page.send_request(request).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, "upload_mismatch"));
    }
    assert_eq!(complete(&mut ada, &upload).await.code(), "upload_incomplete", "none of them left anything");
    app.clock.advance(15 * 60 + 1);
    assert_eq!(page.send_request(put(&upload, &content)).await.code(), "url_invalid", "it is over");
}

#[tokio::test]
async fn the_page_of_another_site_uploads_nothing() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let upload = begin(&mut ada, "a.txt", "text/plain", b"x").await;
    let mut request = put(&upload, b"x");
    request.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
    assert_eq!(app.browser().send_request(request).await.code(), "cross_site");
}

#[tokio::test]
async fn a_malformed_upload_is_refused() {
    let app = TestApp::with(&[("FILES_LARGEST_BYTES", "1000")]).await;
    let mut ada = app.signed_in("ada").await;
    let right = json!({"original_name": "a", "mime_type": "x", "size": 1, "content_hash": sha256(b"x")});
    for (member, value, code) in [
        ("original_name", json!("a\u{0}"), "invalid_file_name"),
        ("size", json!(0), "payload_too_large"),
        ("size", json!(1001), "payload_too_large"),
        ("size", json!(-1), "invalid_body"),
        ("content_hash", json!("ab"), "invalid_content_hash"),
        ("content_hash", json!("+1".repeat(32)), "invalid_content_hash"),
        ("content_hash", json!("é".repeat(32)), "invalid_content_hash"),
        ("other", json!(1), "invalid_body"),
    ] {
        let mut wrong = right.clone();
        wrong[member] = value;
        assert_eq!(ada.post("/api/files/uploads", wrong.clone()).await.code(), code, "{wrong}");
    }
    assert_eq!(ada.get("/api/files").await.json()["files"], json!([]));
}

#[tokio::test]
async fn what_is_not_there_completes_nothing() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    for id in ["not-an-id", "00000000-0000-7000-8000-000000000000"] {
        let answer = ada.post(&format!("/api/files/uploads/{id}/complete"), Value::Null).await;
        assert_eq!(answer.code(), "not_found", "{id}");
    }
}

#[tokio::test]
async fn what_is_not_what_was_announced_is_gone() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    for other in [b"other".as_slice(), b"longer than announced"] {
        let upload = begin(&mut ada, "a.txt", "text/plain", b"right").await;
        assert_eq!(app.browser().send_request(put(&upload, b"right")).await.status, 200);
        // Past the URL, by somebody who can write the store.
        let name = upload["url"].as_str().unwrap().split(['/', '?']).nth(6).unwrap().to_owned();
        std::fs::write(app.objects().join("direct").join(&name), other).unwrap();
        let answer = complete(&mut ada, &upload).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, "upload_mismatch"));
        assert_eq!(ada.get(&path(&upload)).await.status, 404);
        assert!(!app.objects().join("direct").join(name).exists());
    }
}
