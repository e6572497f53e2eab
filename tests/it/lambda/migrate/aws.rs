//! Lambda's Invoke and CodeDeploy's status, as much of them as a deployment needs: the events go to real binaries, and
//! every signature is checked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Mutex as AsyncMutex;

use tests::sigv4::Arrived;

use crate::api::files;
use crate::lambda::emulator::{Frame, Outcome};
use crate::lambda::function::Function;

const SECRET: &str = "a secret key/+";
const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:ward-dev-";

/// What a version of a function does when it is invoked.
pub enum Version {
    /// It starts as its binary with these settings, at the first event, and answers.
    Starts(Vec<(String, String)>),
    /// It starts, and ends without an answer.
    Ends(Vec<(String, String)>),
    /// It never answers.
    Silent,
}

impl Version {
    /// One that starts with these settings, but for those that are given another value.
    pub fn with(settings: &[(&str, &str)], others: &[(&str, &str)]) -> Self {
        Self::Starts(settings.iter().chain(others).map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }
}

/// What was asked of it, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A function's version was invoked; what the database held then.
    Invoked(String, String),
    /// The status of this execution of a deployment's hook.
    Status(String),
}

/// An AWS with some versions of functions.
#[derive(Clone)]
pub struct Aws {
    url: String,
    state: Arc<Shared>,
}

struct Shared {
    versions: HashMap<String, Version>,
    running: AsyncMutex<HashMap<String, Function>>,
    asked: Mutex<Vec<Asked>>,
    /// So many more calls of CodeDeploy's are answered with an error.
    refusals: Mutex<usize>,
    database: String,
}

impl Aws {
    /// One that notes at each invocation which version the schema of this database has.
    pub async fn start(database: &str, versions: impl IntoIterator<Item = (&'static str, Version)>) -> Self {
        let state = Arc::new(Shared {
            versions: versions.into_iter().map(|(name, version)| (name.to_owned(), version)).collect(),
            running: AsyncMutex::default(),
            asked: Mutex::default(),
            refusals: Mutex::default(),
            database: database.to_owned(),
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new()
            .route("/2015-03-31/functions/{arn}/invocations", post(invoke))
            .route("/", post(status))
            .with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    /// Refuses so many calls of CodeDeploy's first.
    pub fn refuse(&self, calls: usize) {
        *self.state.refusals.lock().expect("no holder panics") = calls;
    }

    /// What was asked of it.
    pub fn asked(&self) -> Vec<Asked> {
        self.state.asked.lock().expect("no holder panics").clone()
    }

    /// The functions that were invoked, each once.
    pub fn invoked(&self) -> Vec<String> {
        let invoked = self.asked().into_iter().filter_map(|asked| match asked {
            Asked::Invoked(function, _) => Some(function),
            Asked::Status(_) => None,
        });
        invoked.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    }

    /// The settings of a migrate function that is to try all versions.
    pub fn settings(&self) -> Vec<(String, String)> {
        let versions: Vec<String> = self.state.versions.keys().map(|name| format!("{name}={ARN}{name}:7")).collect();
        let settings = [
            ("DATABASE_URL", self.state.database.as_str()),
            ("WARD_NEW_VERSIONS", &versions.join(",")),
            ("AWS_ENDPOINT_URL", &self.url),
            ("AWS_ACCESS_KEY_ID", "AKIATEST"),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_SESSION_TOKEN", "a session/token=="),
        ];
        settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }
}

async fn invoke(State(aws): State<Arc<Shared>>, Path(arn): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    // Lambda's canonical path is encoded once more than the path itself; only S3's is not.
    let path = format!("/2015-03-31/functions/{}/invocations", arn.replace(':', "%253A"));
    assert!(is_signed(&path, "lambda", &headers, &body), "{headers:?}");
    assert_eq!(headers["x-amz-invocation-type"], "RequestResponse");
    let name = arn.strip_prefix(ARN).and_then(|rest| rest.strip_suffix(":7")).expect("the ARN of a version");
    let schema = schema(&aws.database).await;
    aws.asked.lock().expect("no holder panics").push(Asked::Invoked(name.to_owned(), schema));
    let event: Value = serde_json::from_slice(&body).expect("an event");
    match &aws.versions[name] {
        Version::Starts(settings) => {
            let mut running = aws.running.lock().await;
            if !running.contains_key(name) {
                running.insert(name.to_owned(), Function::start(name, &pairs(settings)).await);
            }
            let function = running.get_mut(name).expect("it was just started");
            answered(function.invoke(&event).await).await
        }
        Version::Ends(settings) => {
            let log = Function::start(name, &pairs(settings)).await.ended().await;
            let error = json!({ "errorType": "Runtime.ExitError", "errorMessage": log });
            answered(Outcome::Failed(error.to_string())).await
        }
        Version::Silent => std::future::pending().await,
    }
}

/// As Lambda hands on what a function answered.
async fn answered(outcome: Outcome) -> Response {
    match outcome {
        Outcome::Buffered(body) => body.into_response(),
        Outcome::Failed(error) => ([("x-amz-function-error", "Unhandled")], error).into_response(),
        Outcome::Streamed(mut frames) => {
            let mut body = Vec::new();
            while let Some(Frame::Data(data)) = frames.recv().await {
                body.extend_from_slice(&data);
            }
            body.into_response()
        }
    }
}

async fn status(State(aws): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    assert!(is_signed("/", "codedeploy", &headers, &body), "{headers:?}");
    assert_eq!(headers["content-type"], "application/x-amz-json-1.1");
    assert_eq!(headers["x-amz-target"], "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus");
    let mut refusals = aws.refusals.lock().expect("no holder panics");
    if *refusals > 0 {
        *refusals -= 1;
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!((&body["deploymentId"], &body["lifecycleEventHookExecutionId"]), (&json!("d-ABC"), &json!("e-1")));
    let status = body["status"].as_str().expect("a status").to_owned();
    aws.asked.lock().expect("no holder panics").push(Asked::Status(status));
    StatusCode::OK
}

/// Whether the signature is over this body, the service's name, and the session's token.
fn is_signed(path: &str, service: &str, headers: &HeaderMap, body: &[u8]) -> bool {
    let text = |value: &axum::http::HeaderValue| value.to_str().expect("a header is text").to_owned();
    let arrived = Arrived {
        method: "POST".into(),
        url: format!("http://aws.test{path}"),
        headers: headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .chain([("x-amz-content-sha256".to_owned(), files::sha256(body))])
            .collect(),
    };
    let authorization = &arrived.headers["authorization"];
    authorization.contains(&format!("/us-east-1/{service}/aws4_request"))
        && authorization.contains("x-amz-security-token")
        && arrived.verifies_by_header(SECRET)
}

async fn schema(database: &str) -> String {
    let (client, connection) = tokio_postgres::connect(database, tokio_postgres::NoTls).await.expect("a connection");
    tokio::spawn(connection);
    let newest = "SELECT 'V' || version || '__' || name FROM refinery_schema_history ORDER BY version DESC LIMIT 1";
    client.query_one(newest, &[]).await.map(|row| row.get(0)).unwrap_or_default()
}

/// Settings as [`Function::start`] takes them.
pub fn pairs(settings: &[(String, String)]) -> Vec<(&str, &str)> {
    settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
