//! Resident memory of a function after 1,000 requests.

use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as UrlPath, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::fixture::Fixture;
use crate::report::{Report, Row};
use crate::{FUNCTIONS, Outcome};

const REQUESTS: usize = 1_000;
const BUDGET_MIB: usize = 64;
const LIMIT: Duration = Duration::from_mins(3);

/// Feeds each function 1,000 requests of a signed-in user through the Runtime API.
pub async fn measure(binaries: &Path, fixture: &Fixture, report: &mut Report) -> Outcome {
    let mut rows = Vec::new();
    for name in FUNCTIONS {
        let path = match name {
            "auth" => "/api/auth/csrf",
            "storage" => "/api/storage/keys",
            "chat" => "/api/chats",
            "usage" => "/api/usage",
            _ => "/health",
        };
        let kib = run(&binaries.join(name), fixture, event(path, &fixture.cookie)).await?;
        rows.push(Row {
            what: format!("{name}, GET {path}"),
            measured: format!("{:.1} MiB", f64::from(u32::try_from(kib)?) / 1024.0),
            floor: String::new(),
            budget: Some((format!("under {BUDGET_MIB} MiB"), kib < BUDGET_MIB * 1024)),
        });
    }
    report.section(
        "Memory",
        "Resident set of the function's process after 1,000 requests of a signed-in user through the Lambda\n\
         Runtime API, with PostgreSQL, Redis and a key file; all of them answered 200.",
        rows,
    );
    Ok(())
}

/// The Runtime API as far as a fixed number of equal events needs it.
struct RuntimeApi {
    event: Bytes,
    handed_out: AtomicUsize,
    refused: Mutex<Option<String>>,
    done: Notify,
}

async fn run(binary: &Path, fixture: &Fixture, event: Value) -> Outcome<usize> {
    let api = Arc::new(RuntimeApi {
        event: event.to_string().into(),
        handed_out: AtomicUsize::new(0),
        refused: Mutex::default(),
        done: Notify::new(),
    });
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .with_state(Arc::clone(&api));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let mut child = Command::new(binary)
        .env_clear()
        .envs(fixture.settings.iter())
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH", "true")
        .env("AWS_REGION", "us-east-1")
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    tokio::select! {
        done = timeout(LIMIT, api.done.notified()) => done?,
        ended = child.wait() => return Err(format!("{} ended: {}", binary.display(), ended?).into()),
    }
    let kib = resident_kib(child.id().ok_or("it is running")?)?;
    child.kill().await?;
    server.abort();
    let refused = api.refused.lock().map_err(|_| "an answer could not be noted")?.take();
    refused.map_or(Ok(kib), |answer| Err(format!("{} answered: {answer}", binary.display()).into()))
}

async fn next(State(api): State<Arc<RuntimeApi>>) -> Response {
    let number = api.handed_out.fetch_add(1, Ordering::Relaxed);
    if number >= REQUESTS {
        api.done.notify_one();
        std::future::pending::<()>().await;
    }
    let headers = [
        ("lambda-runtime-aws-request-id", format!("00000000-0000-4000-8000-{number:012}")),
        ("lambda-runtime-deadline-ms", "4102444800000".to_owned()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:bench".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    let mut response = api.event.clone().into_response();
    for (name, value) in headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

async fn response(State(api): State<Arc<RuntimeApi>>, UrlPath(_): UrlPath<String>, body: Bytes) -> StatusCode {
    // In the answer's JSON or in the prelude of a streamed one.
    if !body.windows(16).any(|bytes| bytes == b"\"statusCode\":200") {
        api.refuse(&body);
    }
    StatusCode::ACCEPTED
}

async fn error(State(api): State<Arc<RuntimeApi>>, UrlPath(_): UrlPath<String>, body: Bytes) -> StatusCode {
    api.refuse(&body);
    StatusCode::ACCEPTED
}

impl RuntimeApi {
    fn refuse(&self, answer: &[u8]) {
        if let Ok(mut refused) = self.refused.lock() {
            refused.get_or_insert_with(|| String::from_utf8_lossy(answer).into_owned());
        }
    }
}

/// A REST proxy event of API Gateway.
pub fn event(path: &str, cookie: &str) -> Value {
    json!({
        "resource": path,
        "path": path,
        "httpMethod": "GET",
        "headers": { "Host": "localhost", "Cookie": cookie },
        "multiValueHeaders": { "Host": ["localhost"], "Cookie": [cookie] },
        "queryStringParameters": null,
        "multiValueQueryStringParameters": null,
        "pathParameters": null,
        "stageVariables": null,
        "requestContext": {
            "accountId": "123456789012", "apiId": "bench", "httpMethod": "GET", "identity": { "sourceIp": "203.0.113.12" },
            "path": path, "protocol": "HTTP/1.1", "requestId": "bench", "requestTimeEpoch": 0, "resourceId": "bench",
            "resourcePath": path, "stage": "dev",
        },
        "body": null,
        "isBase64Encoded": false,
    })
}

fn resident_kib(process: u32) -> Outcome<usize> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("there is no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
