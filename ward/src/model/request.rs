//! What a chat completion request has to be.

use axum::http::StatusCode;
use serde::Deserialize;

use super::MODEL;
use super::wire::WireError;

/// A request that can be answered.
#[derive(Debug)]
pub(super) struct ChatRequest {
    /// The text of the last message of the user.
    pub question: String,
    /// The pieces of all messages.
    pub prompt_tokens: usize,
    /// Most tokens of the answer.
    pub max_tokens: Option<usize>,
    pub stream: bool,
    pub include_usage: bool,
}

/// Counts tokens. A token of this model is a piece of text between white space.
pub(super) fn tokens(text: &str) -> usize {
    text.split_whitespace().count()
}

#[derive(Deserialize)]
struct Body {
    model: String,
    messages: Vec<Message>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    max_tokens: Option<i64>,
    max_completion_tokens: Option<i64>,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Option<Content>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    text: Option<String>,
}

impl Message {
    fn text(&self) -> String {
        match &self.content {
            Some(Content::Text(text)) => text.clone(),
            Some(Content::Parts(parts)) => {
                parts.iter().filter_map(|part| part.text.as_deref()).collect::<Vec<_>>().join("\n")
            }
            None => String::new(),
        }
    }
}

impl ChatRequest {
    /// Reads a request's body.
    pub fn parse(body: &[u8]) -> Result<Self, WireError> {
        let body: Body = serde_json::from_slice(body).map_err(|error| {
            // The place only: serde's message may quote what was sent.
            let place = format!("line {}, column {}", error.line(), error.column());
            WireError::invalid(None, format!("The body is not a chat completion request: see {place}."))
        })?;
        if body.model != MODEL {
            let message = format!("There is one model here: {MODEL}.");
            let error = WireError::new(StatusCode::NOT_FOUND, message);
            return Err(WireError { code: Some("model_not_found"), param: Some("model"), ..error });
        }
        let Some(question) = body.messages.iter().rfind(|message| message.role == "user").map(Message::text) else {
            return Err(WireError::invalid(Some("messages"), "There is no message of the user."));
        };
        Ok(Self {
            question,
            prompt_tokens: body.messages.iter().map(|message| tokens(&message.text())).sum(),
            max_tokens: limit("max_completion_tokens", body.max_completion_tokens)?
                .or(limit("max_tokens", body.max_tokens)?),
            stream: body.stream.unwrap_or_default(),
            include_usage: body.stream_options.and_then(|options| options.include_usage).unwrap_or_default(),
        })
    }
}

fn limit(name: &'static str, value: Option<i64>) -> Result<Option<usize>, WireError> {
    let at_least_one = |value| usize::try_from(value).ok().filter(|&value| value > 0);
    value
        .map(|value| {
            at_least_one(value).ok_or_else(|| WireError::invalid(Some(name), format!("{name} has to be 1 or more.")))
        })
        .transpose()
}
