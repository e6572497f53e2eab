use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde::Deserialize;
use shared::http::{JsonBody, PathId, Problem, ProblemBody};
use shared::identity::Caller;
use utoipa::ToSchema;

use crate::App;
use crate::domain::exchange;
use crate::model::Content;

/// Under the idle limit of every proxy we know of.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What the user says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateMessage {
    /// 1 to 100,000 characters. Stored sealed.
    content: String,
}

/// Says something in a chat; the model's answer comes as a stream of events.
///
/// `start`, then a `delta` for each token, then `done` once the answer is stored. A fault in between comes as `error`,
/// which ends the stream: an answer without `done` is not complete.
#[utoipa::path(post, path = "/api/chats/{id}/messages", tag = "chat", request_body = CreateMessage,
    params(("id" = Uuid, Path, description = "The chat")),
    responses(
        (status = 200, description = "The answer's events", body = String, content_type = "text/event-stream"),
        (status = 400, description = "The message is empty or too long", body = ProblemBody),
        (status = 401, description = "Nobody is signed in", body = ProblemBody),
        (status = 404, description = "There is no such chat", body = ProblemBody),
        (status = 429, description = "Today's quota does not hold this call", body = ProblemBody),
        (status = 502, description = "The model did not answer", body = ProblemBody),
    ))]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    PathId(chat_id): PathId,
    JsonBody(body): JsonBody<CreateMessage>,
) -> Result<Response, Problem> {
    let content = Content::parse(body.content)?;
    let events = exchange::begin(&app, caller, chat_id, content).await?.map(|event| {
        let data = serde_json::to_string(&event).unwrap_or_default();
        Ok::<_, Infallible>(sse::Event::default().event(event.name()).data(data))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}
