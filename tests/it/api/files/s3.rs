//! Files in S3, played by moto; its signed URLs, judged by our own verifier.

use std::sync::{Arc, Mutex};

use aws_config::SdkConfig;
use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::IntoResponse;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use shared::objects::Objects;
use tests::sigv4::Arrived;
use tests::{Answer, Browser, Services, TestApp};

use super::{begin, bytes, complete, get, path, upload};

const SECRET: &str = "a secret key/+";
const KEY_ID: &str = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012";

fn config(endpoint: Option<&str>) -> SdkConfig {
    let credentials = Credentials::new("AKIATEST", SECRET, Some("a session/token==".into()), None, "test");
    let mut builder = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials));
    builder.set_endpoint_url(endpoint.map(str::to_owned));
    builder.build()
}

/// A request to moto, answered.
async fn moto(request: Request<Body>) -> Answer {
    let address = Services::get().moto().trim_start_matches("http://").to_owned();
    let stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    tokio::spawn(connection);
    let (mut parts, body) = request.into_parts();
    parts.uri = parts.uri.path_and_query().unwrap().as_str().parse().unwrap();
    if !parts.uri.query().unwrap_or_default().contains("X-Amz-Signature") {
        // moto looks whether there is a signature, not at it; `sigv4` does that.
        let signed =
            "AWS4-HMAC-SHA256 Credential=AKIATEST/20260314/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
        parts.headers.insert("authorization", signed.parse().unwrap());
    }
    parts.headers.insert("host", address.parse().unwrap());
    let response = sender.send_request(Request::from_parts(parts, body)).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

/// Makes a bucket in moto.
pub async fn make_bucket(name: &str) {
    let made = moto(Request::put(format!("/{name}")).body(Body::empty()).unwrap()).await;
    assert_eq!(made.status, 200, "{}", made.text());
}

/// A browser of a new user's, before the product on a new bucket; and the bucket's name.
async fn on_s3(app: &TestApp, username: &str) -> (Browser, String) {
    let bucket = format!("files-{}", app.settings()["WARD_APP"].replace('_', "-"));
    make_bucket(&bucket).await;
    let objects = Objects::on_aws(&bucket, KEY_ID, config(Some(Services::get().moto())), app.platform.clock.clone());
    let browser = app.signed_in(username).await;
    (app.with_objects(&browser, objects), bucket)
}

/// The PUT an upload asks for, as it arrives at the store.
fn arrived(upload: &Value, length: usize) -> Arrived {
    let headers = upload["headers"].as_object().unwrap().iter();
    let headers = headers.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
    let length = ("content-length".to_owned(), length.to_string());
    Arrived::new("PUT", upload["url"].as_str().unwrap(), headers.chain([length]))
}

async fn put(upload: &Value, content: &[u8]) -> Answer {
    let mut request = Request::put(upload["url"].as_str().unwrap()).header("content-length", content.len());
    for (name, value) in upload["headers"].as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    moto(request.body(Body::from(content.to_vec())).unwrap()).await
}

#[tokio::test]
async fn a_small_file_is_sealed_and_encrypted_by_s3_too() {
    let app = TestApp::new().await;
    let (mut ada, bucket) = on_s3(&app, "ada").await;
    let content = bytes(200_000);
    let file = upload(&mut ada, "scan", "application/octet-stream", &content).await;
    assert_eq!(get(&mut ada, &file, &[]).await.body, content);
    let part = get(&mut ada, &file, &[("range", "bytes=65530-131080")]).await;
    assert_eq!((part.status.as_u16(), part.body), (206, content[65_530..=131_080].to_vec()));

    let sql = "SELECT filename FROM file_uploads";
    let key: String = app.superuser().await.query_one(sql, &[]).await.unwrap().get(0);
    let object = moto(Request::get(format!("/{bucket}/{key}")).body(Body::empty()).unwrap()).await;
    assert_eq!(object.body.len(), content.len() + 72 + 4 * 16);
    assert_eq!(object.headers["x-amz-server-side-encryption"], "aws:kms");
    assert_eq!(object.headers["x-amz-server-side-encryption-aws-kms-key-id"], KEY_ID);
    assert_eq!(ada.delete(&path(&file)).await.status, 204);
    let gone = moto(Request::get(format!("/{bucket}/{key}")).body(Body::empty()).unwrap()).await;
    assert_eq!(gone.status, 404);
}

#[tokio::test]
async fn a_large_file_goes_straight_to_s3_and_comes_straight_from_there() {
    let app = TestApp::new().await;
    let (mut ada, _) = on_s3(&app, "ada").await;
    let content = [b"%PDF-1.7\n".to_vec(), bytes(6_000_000)].concat();
    let begun = begin(&mut ada, "Befund.pdf", "application/pdf", &content).await;
    assert_eq!(complete(&mut ada, &begun).await.code(), "upload_incomplete");
    assert_eq!(put(&begun, &content).await.status, 200);
    let file = complete(&mut ada, &begun).await;
    assert_eq!(file.status, 200, "{}", file.text());
    let file = file.json();
    assert_eq!((&file["state"], &file["mime_type"]), (&json!("ready"), &json!("application/pdf")));

    let led = get(&mut ada, &file, &[]).await;
    assert_eq!(
        (led.status.as_u16(), led.body.len(), &led.headers["cache-control"]),
        (307, 0, &"no-store".parse().unwrap())
    );
    let url = led.headers["location"].to_str().unwrap();
    let arrived = Arrived::new("GET", url, []);
    assert!(arrived.verifies(SECRET), "{url}");
    let query = arrived.query();
    assert_eq!((query["X-Amz-Expires"].as_str(), query["X-Amz-Date"].as_str()), ("300", "20260314T150926Z"));
    assert_eq!(query["response-content-type"], "application/pdf");
    let disposition = &query["response-content-disposition"];
    assert_eq!(*disposition, format!("attachment; filename=\"{}\"", file["id"].as_str().unwrap()));
    assert!(!url.contains("Befund"), "a URL is logged: it names nobody");
    for (of, to) in
        [("attachment", "inline"), ("application%2Fpdf", "text%2Fhtml"), ("X-Amz-Expires=300", "X-Amz-Expires=900")]
    {
        let changed = url.replacen(of, to, 1);
        assert!(changed != url && !Arrived::new("GET", &changed, []).verifies(SECRET), "{to}");
    }
    let got = moto(Request::get(url).body(Body::empty()).unwrap()).await;
    assert!(got.status.is_success() && got.body == content);
    assert_eq!(got.headers["content-type"], "application/pdf");
    let rows = "SELECT count(*) FROM audit_log WHERE action = 'file.download'";
    assert_eq!(app.superuser().await.query_one(rows, &[]).await.unwrap().get::<_, i64>(0), 1);
    assert_eq!(ada.delete(&path(&file)).await.status, 204);
}

#[tokio::test]
async fn an_uploads_signature_is_over_everything_that_was_announced() {
    let app = TestApp::new().await;
    let (mut ada, _) = on_s3(&app, "ada").await;
    let content = b"%PDF-1.7\n".to_vec();
    let begun = begin(&mut ada, "Befund.pdf", "application/pdf", &content).await;
    let right = arrived(&begun, content.len());
    assert!(right.verifies(SECRET));
    let signed = [
        "content-length",
        "content-type",
        "host",
        "x-amz-checksum-sha256",
        "x-amz-sdk-checksum-algorithm",
        "x-amz-server-side-encryption",
        "x-amz-server-side-encryption-aws-kms-key-id",
    ];
    assert_eq!(right.signed_headers(), signed);
    assert_eq!(right.headers["x-amz-server-side-encryption"], "aws:kms");
    assert_eq!(right.headers["x-amz-server-side-encryption-aws-kms-key-id"], KEY_ID);
    assert_eq!(
        (right.query()["X-Amz-Expires"].as_str(), right.query()["X-Amz-Security-Token"].as_str()),
        ("900", "a session/token==")
    );
    for name in signed {
        let mut changed = right.clone();
        changed.headers.get_mut(name).unwrap().push('0');
        assert!(!changed.verifies(SECRET), "{name} changed");
        changed.headers.remove(name);
        assert!(!changed.verifies(SECRET), "{name} left out");
        let fewer: Vec<_> = signed.iter().filter(|other| **other != name).copied().collect();
        let url = right.url.replace(&signed.join("%3B"), &fewer.join("%3B"));
        assert!(url != right.url && !Arrived { url, ..right.clone() }.verifies(SECRET), "{name} not signed");
    }
    for (of, to) in [("X-Amz-Expires=900", "X-Amz-Expires=9000"), ("direct/", "sealed/"), ("20260314T", "20260315T")] {
        let url = right.url.replace(of, to);
        assert!(url != right.url && !Arrived { url, ..right.clone() }.verifies(SECRET), "{to}");
    }
    assert!(!Arrived { method: "GET".into(), ..right.clone() }.verifies(SECRET));
}

#[tokio::test]
async fn in_aws_an_upload_goes_to_the_buckets_own_host() {
    let app = TestApp::new().await;
    let objects = Objects::on_aws("ward-files", KEY_ID, config(None), app.platform.clock.clone());
    let browser = app.signed_in("ada").await;
    let mut ada = app.with_objects(&browser, objects);
    let begun = begin(&mut ada, "a.txt", "text/plain", b"x").await;
    let url = begun["url"].as_str().unwrap();
    assert!(url.starts_with("https://ward-files.s3.us-east-1.amazonaws.com/direct/"), "{url}");
    assert!(arrived(&begun, 1).verifies(SECRET));
    let direct = url.rsplit_once('?').unwrap().0.rsplit_once('/').unwrap().1;
    let here = format!("/api/files/direct/{direct}?expires=9999999999&signature=AAAA");
    let mut request = Request::put(here).header("content-length", 1).body(Body::from("x")).unwrap();
    request
        .headers_mut()
        .insert("x-amz-checksum-sha256", begun["headers"]["x-amz-checksum-sha256"].as_str().unwrap().parse().unwrap());
    let answer = ada.send_request(request).await;
    assert_eq!(answer.code(), "not_found", "uploads don't come here");
}

#[tokio::test]
async fn what_moto_took_in_place_of_what_was_announced_is_refused() {
    let app = TestApp::new().await;
    let (mut ada, bucket) = on_s3(&app, "ada").await;
    let key = "SELECT filename FROM file_uploads";
    // Of another length; and of the same length, with a checksum of its own.
    for (other, checksum) in
        [(b"longer than it was".as_slice(), None), (b"wrong", Some("j0NDRmSPa5bfid2pAcUXaxCm2Dlh3TwayItZstwyeqQ="))]
    {
        let begun = begin(&mut ada, "a.txt", "text/plain", b"right").await;
        let name: String = app.superuser().await.query_one(key, &[]).await.unwrap().get(0);
        let mut request = Request::put(format!("/{bucket}/{name}")).header("content-length", other.len());
        if let Some(checksum) = checksum {
            request =
                request.header("x-amz-checksum-sha256", checksum).header("x-amz-sdk-checksum-algorithm", "SHA256");
        }
        assert_eq!(moto(request.body(Body::from(other)).unwrap()).await.status, 200);
        let answer = complete(&mut ada, &begun).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, "upload_mismatch"));
        let object = moto(Request::get(format!("/{bucket}/{name}")).body(Body::empty()).unwrap()).await;
        assert_eq!(object.status, 404, "it is gone");
    }
}

#[tokio::test]
async fn an_s3_that_does_not_answer_is_503() {
    let app = TestApp::new().await;
    let objects = Objects::on_aws("b", KEY_ID, config(Some("http://127.0.0.1:1")), app.platform.clock.clone());
    let browser = app.signed_in("ada").await;
    let mut ada = app.with_objects(&browser, objects);
    let answer = super::send(&mut ada, "attachment; filename=a", "text/plain", b"x").await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "unavailable"));
    assert_eq!(ada.get("/api/files").await.json()["files"], json!([]));
}

#[tokio::test]
async fn what_ward_asks_s3_itself_is_signed_with_all_it_depends_on() {
    let seen: Arc<Mutex<Vec<Arrived>>> = Arc::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (recorded, base) = (Arc::clone(&seen), endpoint.clone());
    let router = axum::Router::new().fallback(async move |request: Request<Body>| {
        let (parts, _) = request.into_parts();
        let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        let url = format!("{base}{}", parts.uri);
        recorded.lock().unwrap().push(Arrived::new(parts.method.as_str(), &url, headers));
        ([("etag", "\"1\"")], if parts.method == "HEAD" { StatusCode::NOT_FOUND } else { StatusCode::OK })
            .into_response()
    });
    tokio::spawn(async move { axum::serve(listener, router).await });

    let app = TestApp::new().await;
    let objects = Objects::on_aws("bucket", KEY_ID, config(Some(&endpoint)), app.platform.clock.clone());
    let browser = app.signed_in("ada").await;
    let mut ada = app.with_objects(&browser, objects);
    upload(&mut ada, "a.txt", "text/plain", b"x").await;
    let begun = begin(&mut ada, "b.txt", "text/plain", b"x").await;
    assert_eq!(complete(&mut ada, &begun).await.code(), "upload_incomplete");
    let seen = seen.lock().unwrap();
    let [put, head] = seen.as_slice() else { panic!("two requests") };
    assert_eq!((put.method.as_str(), head.method.as_str()), ("PUT", "HEAD"));
    assert!(put.verifies_by_header(SECRET) && head.verifies_by_header(SECRET));
    let signed = |request: &Arrived, name: &str| {
        let (_, list) = request.headers["authorization"].split_once("SignedHeaders=").unwrap();
        list.split(", ").next().unwrap().split(';').any(|signed| signed == name)
    };
    for name in ["x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-checksum-sha256"]
    {
        assert!(signed(put, name), "{name}");
    }
    assert_eq!(put.headers["x-amz-server-side-encryption-aws-kms-key-id"], KEY_ID);
    assert!(signed(head, "x-amz-checksum-mode") && signed(head, "x-amz-security-token"));
}
