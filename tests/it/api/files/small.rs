//! Files that come through the API.

use serde_json::{Value, json};
use tests::TestApp;

use super::{bytes, get, path, send, sha256, upload};

#[tokio::test]
async fn a_small_file_is_kept_sealed_and_comes_back() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let content = b"%PDF-1.7\nmarker-of-ada".to_vec();
    let disposition = "attachment; filename*=UTF-8''Befund%20M%C3%BCller.pdf";
    let answer = send(&mut ada, disposition, "text/csv", &content).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let file = answer.json();
    assert_eq!(
        file,
        json!({
            "id": file["id"], "original_name": "Befund Müller.pdf", "mime_type": "application/pdf",
            "size": content.len(), "content_hash": sha256(&content), "state": "ready",
            "created_at": "2026-03-14T15:09:26Z", "uploaded_at": "2026-03-14T15:09:26Z",
        }),
        "the type is read off the bytes, not believed"
    );
    let read = ada.get(&path(&file)).await;
    assert_eq!((read.json(), &read.headers["etag"]), (file.clone(), &answer.headers["etag"]));

    let got = get(&mut ada, &file, &[]).await;
    assert_eq!((got.status.as_u16(), &got.body), (200, &content));
    let header = |name: &str| got.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/pdf");
    assert_eq!(header("content-length"), content.len().to_string());
    assert_eq!(header("etag"), format!("\"{}\"", sha256(&content)));
    assert_eq!(
        header("content-disposition"),
        "attachment; filename=\"Befund M_ller.pdf\"; filename*=UTF-8''Befund%20M%C3%BCller.pdf"
    );
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("content-security-policy"), "sandbox; default-src 'none'");
    assert_eq!((header("accept-ranges"), header("cache-control")), ("bytes".into(), "no-store".into()));

    let objects: Vec<_> = std::fs::read_dir(app.objects().join("sealed")).unwrap().collect();
    let [Ok(object)] = objects.as_slice() else { panic!("one object: {objects:?}") };
    let stored = std::fs::read(object.path()).unwrap();
    assert_eq!(stored.len(), content.len() + 88);
    assert!(!stored.windows(13).any(|part| part == b"marker-of-ada"), "the object is sealed");
}

#[tokio::test]
async fn four_mebibytes_fit_and_an_empty_file_is_one() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let longest = bytes(4 * 1024 * 1024);
    let file = upload(&mut ada, "long", "application/octet-stream", &longest).await;
    assert_eq!(get(&mut ada, &file, &[]).await.body, longest);
    let empty = upload(&mut ada, "empty", "text/plain", b"").await;
    let got = get(&mut ada, &empty, &[]).await;
    assert_eq!((got.status.as_u16(), got.body.len(), &got.headers["content-length"]), (200, 0, &"0".parse().unwrap()));
    for length in [longest.len() + 1, 6_000_000] {
        let answer = send(&mut ada, "attachment; filename=a", "text/plain", &bytes(length)).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (413, "payload_too_large"));
    }
}

#[tokio::test]
async fn what_names_no_file_is_refused() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let wrong = [
        "",
        "attachment",
        "attachment; filename=\"..\"",
        "attachment; filename*=UTF-8''a%0d%0ab",
        "x; filename*=UTF-8''%E2%80%AEfdp.exe",
    ];
    for disposition in wrong {
        assert_eq!(send(&mut ada, disposition, "text/plain", b"x").await.code(), "invalid_file_name", "{disposition}");
    }
    let file = upload(&mut ada, "a.txt", "text/plain", b"x").await;
    for name in ["", "a\u{0}", "a\u{202e}b", &"n".repeat(256)] {
        let answer = ada.patch(&path(&file), json!({"original_name": name})).await;
        assert_eq!(answer.code(), "invalid_file_name", "{name:?}");
    }
    assert_eq!(ada.patch(&path(&file), json!({"name": "b"})).await.code(), "invalid_body");
    assert_eq!(ada.get("/api/files").await.json()["files"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn files_are_listed_a_page_at_a_time() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    for number in 0..5 {
        upload(&mut ada, &format!("{number}.txt"), "text/plain", b"x").await;
    }
    let names = |page: &Value| -> Vec<String> {
        let files = page["files"].as_array().unwrap().iter();
        files.map(|file| file["original_name"].as_str().unwrap().to_owned()).collect()
    };
    let first = ada.get("/api/files?limit=2").await.json();
    assert_eq!(names(&first), ["4.txt", "3.txt"]);
    let next = format!("/api/files?limit=3&cursor={}", first["next_cursor"].as_str().unwrap());
    let second = ada.get(&next).await.json();
    assert_eq!(
        (names(&second), &second["next_cursor"]),
        (vec!["2.txt".into(), "1.txt".into(), "0.txt".into()], &Value::Null)
    );
}

#[tokio::test]
async fn a_malformed_list_of_files_is_refused() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    for (query, code) in [
        ("limit=0", "invalid_limit"),
        ("limit=101", "invalid_limit"),
        ("limit=-1", "invalid_query"),
        ("cursor=x", "invalid_cursor"),
        ("page=2", "invalid_query"),
    ] {
        assert_eq!(ada.get(&format!("/api/files?{query}")).await.code(), code, "{query}");
    }
}

#[tokio::test]
async fn a_file_takes_another_name() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let file = upload(&mut ada, "a.txt", "text/plain", b"x").await;
    let tag = ada.get(&path(&file)).await.headers["etag"].clone();
    let rename = async |ada: &mut tests::Browser, name: &str, tag: &axum::http::HeaderValue| {
        let body = json!({"original_name": name}).to_string().into_bytes();
        let mut request = ada.request(&axum::http::Method::PATCH, &path(&file), Some(("application/json", body)));
        request.headers_mut().insert("if-match", tag.clone());
        ada.send_request(request).await
    };
    let renamed = rename(&mut ada, "C:\\scans\\Röntgen.txt", &tag).await;
    assert_eq!((renamed.status.as_u16(), &renamed.json()["original_name"]), (200, &json!("Röntgen.txt")));
    assert_eq!(ada.get(&path(&file)).await.json(), renamed.json());
    let late = rename(&mut ada, "late.txt", &tag).await;
    assert_eq!((late.status.as_u16(), late.code().as_str()), (412, "version_mismatch"));
    assert_eq!(rename(&mut ada, "b.txt", &"*".parse().unwrap()).await.status, 200);
    assert_eq!(get(&mut ada, &file, &[]).await.body, b"x", "the content is bound to the row, not to the name");
}

#[tokio::test]
async fn a_deleted_file_takes_its_object_along() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let file = upload(&mut ada, "a.txt", "text/plain", b"x").await;
    let mut request = ada.request(&axum::http::Method::DELETE, &path(&file), None);
    request.headers_mut().insert("if-match", "\"99\"".parse().unwrap());
    assert_eq!(ada.send_request(request).await.code(), "version_mismatch");
    assert_eq!(ada.delete(&path(&file)).await.status, 204);
    assert_eq!(ada.delete(&path(&file)).await.status, 404);
    assert_eq!(get(&mut ada, &file, &[]).await.status, 404);
    assert_eq!(std::fs::read_dir(app.objects().join("sealed")).map_or(0, Iterator::count), 0);
    let left = "SELECT (SELECT count(*) FROM file_objects_gone), (SELECT sum(files + bytes)::bigint FROM file_usage)";
    let left = app.superuser().await.query_one(left, &[]).await.unwrap();
    let noted = "its key is kept for as long as a request may still write it";
    assert_eq!((left.get::<_, i64>(0), left.get::<_, i64>(1)), (1, 0), "{noted}");
}

#[tokio::test]
async fn another_users_file_is_not_there() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    let file = upload(&mut ada, "a.txt", "text/plain", b"ada's").await;
    let begun = super::begin(&mut ada, "b.txt", "text/plain", b"large").await;
    let file_path = path(&file);
    assert_eq!(grace.get("/api/files").await.json(), json!({"files": [], "next_cursor": null}));
    for answer in [
        grace.get(&file_path).await,
        grace.get(&format!("{file_path}/content")).await,
        grace.patch(&file_path, json!({"original_name": "mine"})).await,
        grace.delete(&file_path).await,
        super::complete(&mut grace, &begun).await,
        grace.get("/api/files/not-an-id").await,
        grace.delete("/api/files/not-an-id").await,
    ] {
        assert_eq!(answer.code(), "not_found");
    }
    assert_eq!(ada.get(&file_path).await.json(), file);
}

#[tokio::test]
async fn there_is_room_for_so_many_files_and_bytes() {
    let app = TestApp::with(&[("FILES_PER_USER", "3"), ("FILES_BYTES_PER_USER", "100")]).await;
    let mut ada = app.signed_in("ada").await;
    let mut files = Vec::new();
    for length in [40, 50] {
        files.push(upload(&mut ada, "a", "text/plain", &bytes(length)).await);
    }
    let full = |answer: &tests::Answer| (answer.status.as_u16(), answer.code()) == (409, "files_full".into());
    assert!(full(&send(&mut ada, "attachment; filename=a", "text/plain", &bytes(11)).await), "bytes");
    let large = json!({"original_name": "a", "mime_type": "", "size": 11, "content_hash": sha256(b"")});
    assert!(full(&ada.post("/api/files/uploads", large).await), "an upload counts as it begins");
    files.push(upload(&mut ada, "a", "text/plain", &bytes(10)).await);
    assert!(full(&send(&mut ada, "attachment; filename=a", "text/plain", b"").await), "files");
    ada.delete(&path(&files[0])).await;
    upload(&mut ada, "a", "text/plain", &bytes(40)).await;
    let mut grace = app.signed_in("grace").await;
    upload(&mut grace, "a", "text/plain", &bytes(100)).await;
}

#[tokio::test]
async fn many_at_once_get_no_more_room_than_there_is() {
    let app = TestApp::with(&[("FILES_PER_USER", "4"), ("WARD_DATABASE_POOL", "8")]).await;
    let ada = app.signed_in("ada").await;
    let sent = (0..12).map(|_| {
        let mut ada = ada.clone();
        async move { send(&mut ada, "attachment; filename=a", "text/plain", b"x").await.status.as_u16() }
    });
    let mut answers = futures_util::future::join_all(sent).await;
    answers.sort_unstable();
    assert_eq!(answers, [[201; 4].as_slice(), &[409; 8]].concat());
}

#[tokio::test]
async fn without_a_store_there_are_no_files() {
    let app = TestApp::with(&[("FILES_DIR", "")]).await;
    let mut ada = app.signed_in("ada").await;
    let answer = ada.get("/api/files").await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (501, "files_off"));
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_503_and_leaves_nothing_behind() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    // A file where the folder should be.
    std::fs::write(app.objects(), "").unwrap();
    let answer = send(&mut ada, "attachment; filename=a", "text/plain", b"x").await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "unavailable"));
    assert_eq!(ada.get("/api/files").await.json()["files"], json!([]));
}
