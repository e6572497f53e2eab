//! Each function answers API Gateway's events.

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use bytes::Bytes;
use futures_util::stream;
use serde_json::json;
use tests::model::{DONE, token};
use tests::{Browser, Services};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::event::Event;
use super::function::Function;
use super::settings::Settings;
use super::{gateway, journey};
use crate::api::files;

#[tokio::test]
async fn health_answers_a_rest_event_whose_stage_stands_in_the_path() {
    let settings = Settings::new().await;
    let mut health = Function::start("health", &settings.pairs()).await;
    let answer = health.call(&Event::new("GET", "/health").build()).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.headers.get("content-type"), "application/json");
    assert_eq!(answer.json()["checks"], json!({ "database": "ok", "cache": "ok", "keyring": "ok" }));
}

#[tokio::test]
async fn every_function_tells_a_stranger_to_sign_in() {
    let settings = Settings::new().await;
    let private = [
        ("auth", "/api/auth/me"),
        ("storage", "/api/storage/get?key=note"),
        ("chat", "/api/chats"),
        ("usage", "/api/usage"),
    ];
    for (name, path) in private {
        let mut function = Function::start(name, &settings.pairs()).await;
        let answer = function.call(&Event::new("GET", path).build()).await;
        assert_eq!(answer.status, 401, "{name}: {:?}", answer.body);
        assert_eq!(answer.headers.get("content-type"), "application/problem+json", "{name}");
        assert_eq!(answer.json()["code"], "unauthenticated", "{name}");
    }
}

#[tokio::test]
async fn several_cookies_of_one_answer_all_arrive() {
    let settings = Settings::new().await;
    let mut auth = Function::start("auth", &settings.pairs()).await;
    let event = Event::new("POST", "/api/auth/passkeys/registration/options")
        .header("Origin", settings.get("WARD_ORIGINS"))
        .json(&json!({ "username": "ada", "display_name": "Ada" }));
    let answer = auth.call(&event.build()).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.json()["user"]["name"], "ada");
    for cookie in answer.headers.all("set-cookie") {
        assert!(cookie.starts_with("__Host-") && cookie.contains("Secure"), "{cookie}");
    }
    assert!(answer.headers.all("set-cookie").count() > 0, "the ceremony is remembered by a cookie");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_path_works_through_the_functions_of_the_template() {
    let settings = Settings::new().await;
    let mut browser = Browser::new(gateway::start(&settings).await);
    journey::walk(&mut browser).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_leaves_the_chat_function_before_the_next_one_is_made() {
    let (tokens, received) = mpsc::channel(1);
    let settings = Settings::new().await.with("OPENAI_BASE_URL", provider(received).await);
    let router = gateway::start(&settings).await;
    let mut browser = Browser::new(router.clone());
    browser.register("ada").await;
    let chat = browser.post("/api/chats", json!({ "title": "Slowly" })).await.json();
    let path = format!("/api/chats/{}/messages", chat["id"].as_str().expect("an id"));
    let body = json!({ "content": "Count" }).to_string().into_bytes();
    let request = browser.request(&axum::http::Method::POST, &path, Some(("application/json", body)));

    tokens.send(token("one")).await.expect("the provider listens");
    let response = tower::ServiceExt::oneshot(router, request).await.expect("a router never fails");
    let mut body = response.into_body().into_data_stream();
    read_until(&mut body, "one").await;
    // Only now does the provider make another token: the first one has left the function by itself.
    tokens.send(token("two")).await.expect("the provider listens");
    read_until(&mut body, "two").await;
    tokens.send(DONE.to_owned()).await.expect("the provider listens");
    read_until(&mut body, "event: done").await;
}

#[tokio::test]
async fn a_function_starts_from_a_secret_and_a_kms_key() {
    let settings = Settings::new().await;
    let (key, database, token_keys) = tokio::join!(
        kms_key(),
        secret("database", settings.get("DATABASE_URL")),
        secret("token-keys", settings.get("WARD_TOKEN_KEYS")),
    );
    let settings = settings
        .without("DATABASE_URL")
        .without("WARD_TOKEN_KEYS")
        .without("WARD_KEY_FILE")
        .with("DATABASE_SECRET_ID", database)
        .with("WARD_TOKEN_KEYS_SECRET_ID", token_keys)
        .with("KMS_KEY_ID", key)
        .with("AWS_ENDPOINT_URL", Services::get().moto())
        .with("AWS_ACCESS_KEY_ID", "testing")
        .with("AWS_SECRET_ACCESS_KEY", "testing");
    let mut browser = Browser::new(gateway::start(&settings).await);
    journey::walk(&mut browser).await;
}

#[tokio::test]
async fn the_storage_function_keeps_files_in_s3() {
    let settings = Settings::new().await;
    let bucket = format!("lambda-{}", settings.get("WARD_APP").replace('_', "-"));
    files::s3::make_bucket(&bucket).await;
    let settings = settings
        .with("FILES_BUCKET", bucket)
        .with("FILES_KEY_ID", "arn:aws:kms:us-east-1:123456789012:key/1")
        .with("AWS_ENDPOINT_URL", Services::get().moto())
        .with("AWS_ACCESS_KEY_ID", "testing")
        .with("AWS_SECRET_ACCESS_KEY", "testing");
    let mut browser = Browser::new(gateway::start(&settings).await);
    browser.register("ada").await;
    let content = files::bytes(150_000);
    let file = files::upload(&mut browser, "scan.bin", "application/octet-stream", &content).await;
    let got = files::get(&mut browser, &file, &[]).await;
    assert_eq!((got.status.as_u16(), got.body == content), (200, true), "{:?}", got.headers);
    assert_eq!(got.headers["content-length"], "150000", "a stream that breaks is seen to");
    let begun = files::begin(&mut browser, "large.bin", "application/octet-stream", &content).await;
    assert!(begun["url"].as_str().expect("a URL").starts_with(Services::get().moto()), "{begun}");
    assert_eq!(files::complete(&mut browser, &begun).await.code(), "upload_incomplete");
}

#[tokio::test]
async fn a_function_that_lacks_a_setting_names_it_and_ends() {
    let mut storage = Function::start("storage", &[("WARD_KEY_FILE", "/nowhere")]).await;
    let log = storage.ended().await;
    assert!(log.contains("DATABASE_URL"), "{log}");
}

/// A provider that sends what it is given, when it is given it.
async fn provider(parts: mpsc::Receiver<String>) -> String {
    let parts = std::sync::Mutex::new(Some(parts));
    let answer = move || {
        let parts = parts.lock().expect("no holder panics").take().expect("it is called once");
        let sent = stream::unfold(parts, async |mut parts| {
            parts.recv().await.map(|part| (Ok::<_, std::convert::Infallible>(part), parts))
        });
        let response = ([("content-type", "text/event-stream")], Body::from_stream(sent));
        async move { response }
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let answer = std::sync::Arc::new(answer);
    let router = Router::new().route("/v1/chat/completions", post(move || answer()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn read_until(body: &mut (impl futures_util::Stream<Item = Result<Bytes, axum::Error>> + Unpin), text: &str) {
    let mut seen = String::new();
    while !seen.contains(text) {
        let part = futures_util::StreamExt::next(body).await.unwrap_or_else(|| panic!("no {text} in {seen}"));
        seen.push_str(std::str::from_utf8(&part.expect("the stream goes on")).expect("text"));
    }
}

/// A secret that holds a text, in an AWS of our own; gives its ARN.
pub(super) async fn secret(name: &str, text: &str) -> String {
    let secrets = aws_sdk_secretsmanager::Client::new(&aws_config().await);
    let name = format!("ward/lambda-tests/{name}");
    let secret = secrets.create_secret().name(name).secret_string(text).send().await.expect("a secret");
    secret.arn.expect("a secret has an ARN")
}

/// A KMS key there; gives its id.
pub(super) async fn kms_key() -> String {
    let key = aws_sdk_kms::Client::new(&aws_config().await).create_key().send().await.expect("a key");
    key.key_metadata.expect("a key has metadata").key_id
}

async fn aws_config() -> aws_config::SdkConfig {
    let credentials = aws_sdk_kms::config::Credentials::new("testing", "testing", None, None, "tests");
    aws_config::defaults(aws_config::BehaviorVersion::latest())
        .endpoint_url(Services::get().moto())
        .region("us-east-1")
        .credentials_provider(credentials)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .load()
        .await
}
