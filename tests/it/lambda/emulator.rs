//! The Lambda Runtime API, as much of it as a function needs: events go out of `/next`, answers come into
//! `/response` or `/error`, buffered or streamed.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};

/// How a function answers one event.
#[derive(Debug)]
pub enum Outcome {
    /// `/response` with the whole body.
    Buffered(Bytes),
    /// `/response` in the streaming mode: what comes, as it comes.
    Streamed(mpsc::UnboundedReceiver<Frame>),
    /// `/error`, with the runtime's description.
    Failed(String),
}

/// A part of a streamed answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// Bytes of the prelude or the body.
    Data(Bytes),
    /// The end; the trailers name an error where the stream broke.
    End(HeaderMap),
}

/// Far away: the tests have limits of their own.
pub const NO_DEADLINE: u64 = 4_102_444_800_000;

struct Event {
    id: String,
    body: Bytes,
    deadline: String,
}

/// A Runtime API for one function.
#[derive(Clone)]
pub struct Emulator {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    events: mpsc::UnboundedSender<Event>,
    waiting: AsyncMutex<mpsc::UnboundedReceiver<Event>>,
    outcomes: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
    init_error: Mutex<Option<String>>,
}

impl Emulator {
    /// Listens on a free port until the runtime it was started on ends.
    pub async fn start() -> Self {
        let (events, waiting) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            events,
            waiting: AsyncMutex::new(waiting),
            outcomes: Mutex::default(),
            init_error: Mutex::default(),
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(Arc::clone(&shared));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("a bound listener has an address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Hands the function an event, with its deadline in milliseconds since 1970; the receiver gets what it answers.
    pub fn send(&self, event: &Value, deadline: u64) -> oneshot::Receiver<Outcome> {
        let (sender, receiver) = oneshot::channel();
        let mut outcomes = self.shared.outcomes.lock().expect("no holder panics");
        let id = format!("00000000-0000-4000-8000-{:012}", outcomes.len());
        outcomes.insert(id.clone(), sender);
        let event = Event { id, body: event.to_string().into(), deadline: deadline.to_string() };
        self.shared.events.send(event).expect("the emulator holds the receiver");
        receiver
    }

    /// What the function said of itself when it could not start.
    pub fn init_error(&self) -> Option<String> {
        self.shared.init_error.lock().expect("no holder panics").clone()
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    let event = shared.waiting.lock().await.recv().await.expect("the emulator holds the sender");
    let headers = [
        ("lambda-runtime-aws-request-id", event.id.as_str()),
        ("lambda-runtime-deadline-ms", event.deadline.as_str()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:ward"),
        ("lambda-runtime-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0"),
        ("content-type", "application/json"),
    ];
    (headers, event.body).into_response()
}

async fn response(State(shared): State<Arc<Shared>>, Path(id): Path<String>, request: Request) -> StatusCode {
    let mode = HeaderName::from_static("lambda-runtime-function-response-mode");
    if request.headers().get(mode).is_some_and(|mode| mode == "streaming") {
        let (sender, receiver) = mpsc::unbounded_channel();
        shared.settle(&id, Outcome::Streamed(receiver));
        forward(request.into_body(), &sender).await;
    } else {
        let body = request.into_body().collect().await.expect("the function sends its whole answer");
        shared.settle(&id, Outcome::Buffered(body.to_bytes()));
    }
    StatusCode::ACCEPTED
}

async fn forward(mut body: Body, frames: &mpsc::UnboundedSender<Frame>) {
    let mut trailers = HeaderMap::new();
    while let Some(frame) = body.frame().await {
        match frame.expect("the function's stream is well formed").into_data() {
            // A test that has seen enough drops the receiver; the function may still finish.
            Ok(data) => drop(frames.send(Frame::Data(data))),
            Err(frame) => trailers = frame.into_trailers().unwrap_or_default(),
        }
    }
    drop(frames.send(Frame::End(trailers)));
}

async fn error(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: String) -> StatusCode {
    shared.settle(&id, Outcome::Failed(body));
    StatusCode::ACCEPTED
}

async fn init_error(State(shared): State<Arc<Shared>>, body: String) -> StatusCode {
    *shared.init_error.lock().expect("no holder panics") = Some(body);
    StatusCode::ACCEPTED
}

impl Shared {
    fn settle(&self, id: &str, outcome: Outcome) {
        let mut outcomes = self.outcomes.lock().expect("no holder panics");
        let (settled, _) = oneshot::channel();
        let sender = outcomes.insert(id.to_owned(), settled).expect("the function answers an event it was given");
        // A test that no longer waits for the answer doesn't mind.
        drop(sender.send(outcome));
    }
}
