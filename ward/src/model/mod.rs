//! The built-in model: a small OpenAI-compatible server, so that chat works with no provider and no key.
//!
//! It says what it is and reflects the question, always in the same words for the same question. Its protocol is
//! OpenAI's: chat completions, whole or streamed, with usage, and errors of their form.

mod answer;
mod request;
mod wire;

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{Method, StatusCode, Uri};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use futures_util::{Stream, StreamExt, stream};
use shared::clock::Clock;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use answer::Answer;
use request::ChatRequest;
use wire::{Completion, WireError};

/// The model's id.
pub const MODEL: &str = "ward-local";

/// Time between two tokens that reads like a person's typing rather than a page load.
pub const READABLE_PACE: Duration = Duration::from_millis(15);

/// Most bytes of a request: a long chat, far more than the product sends.
const BODY_LIMIT: usize = 16 << 20;

/// The running model. Dropping it stops it.
#[derive(Debug)]
pub struct Model {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Model {
    /// Starts the model on a free port of the loopback interface, with `pace` between two streamed tokens.
    pub async fn start(pace: Duration, clock: Clock) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        // A token goes out when it is made, not when there is a packet's worth of them.
        let listener = listener.tap_io(|stream| {
            stream.set_nodelay(true).ok();
        });
        let task = tokio::spawn(async move {
            axum::serve(listener, router(pace, clock)).await.ok();
        });
        Ok(Self { address, task })
    }

    /// The base URL for OpenAI clients, with the version.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The model's own router: `POST /v1/chat/completions` and `GET /v1/models`.
pub fn router(pace: Duration, clock: Clock) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(complete))
        .route("/v1/models", get(async || Json(wire::models())))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state((pace, clock))
}

async fn unknown(method: Method, uri: Uri) -> WireError {
    let message = format!("Unknown request URL: {method} {}", uri.path());
    WireError { code: Some("unknown_url"), ..WireError::new(StatusCode::NOT_FOUND, message) }
}

async fn complete(State((pace, clock)): State<(Duration, Clock)>, body: Bytes) -> Result<Response, WireError> {
    let request = ChatRequest::parse(&body)?;
    let answer = Answer::to(&request);
    let completion = Completion { created: clock.now().as_second(), answer };
    if request.stream {
        Ok(Sse::new(events(&completion, request.include_usage, pace)).into_response())
    } else {
        Ok(Json(completion.whole()).into_response())
    }
}

/// The role, the tokens one by one, the reason for the end, the usage if asked for, and `[DONE]`.
fn events(
    completion: &Completion,
    include_usage: bool,
    pace: Duration,
) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
    let tokens = completion.tokens(include_usage);
    let rest = completion.ending(include_usage);
    let start = stream::iter([completion.start(include_usage)]);
    let tokens = stream::iter(tokens).then(move |token| async move {
        if !pace.is_zero() {
            tokio::time::sleep(pace).await;
        }
        token
    });
    start.chain(tokens).chain(stream::iter(rest)).map(|data| Ok(Event::default().data(data)))
}

#[cfg(test)]
mod tests;
