//! The client of an OpenAI-compatible provider: `POST /chat/completions` with a streamed answer.

use std::time::Duration;

use eventsource_stream::Eventsource;
use futures_util::{Stream, StreamExt};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use shared::config;

use crate::model::Message;

const CONNECT: Duration = Duration::from_secs(5);
/// Longest silence: before the first token and between two.
const SILENCE: Duration = Duration::from_mins(1);
/// Most bytes of one line of the stream.
const LONGEST_LINE: usize = 1024 * 1024;
/// More tokens than any call takes: a count above it is the provider's mistake.
const MOST_TOKENS: u64 = 100_000_000;

/// Why the provider's answer is not one. Holds nothing of the prompt or the answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamError {
    #[error("the provider could not be reached: {0}")]
    Unreachable(&'static str),
    #[error("the provider answered with status {0}")]
    Status(u16),
    #[error("the provider did not answer with an event stream")]
    NotAStream,
    #[error("the provider's stream broke: {0}")]
    Broken(&'static str),
}

/// A part of the answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Chunk {
    Text(String),
    Usage(Usage),
    Done,
}

/// The tokens of a call, as the provider counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Usage {
    pub(crate) prompt_tokens: u64,
    pub(crate) completion_tokens: u64,
}

/// The provider. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Upstream {
    client: reqwest::Client,
    url: String,
    pub(crate) settings: config::Upstream,
}

impl Upstream {
    /// `None` where the key can't stand in a header or TLS can't be set up.
    pub(crate) fn new(settings: &config::Upstream) -> Option<Self> {
        let mut headers = HeaderMap::new();
        if let Some(key) = &settings.api_key {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret())).ok()?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(shared::tls::client_config())
            .default_headers(headers)
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
            .build()
            .ok()?;
        Some(Self { client, url: format!("{}/chat/completions", settings.base_url), settings: settings.clone() })
    }

    /// Asks for an answer to the last of `messages`; gives its chunks once the provider has begun to answer.
    pub(crate) async fn ask(
        &self,
        messages: &[Message],
    ) -> Result<impl Stream<Item = Result<Chunk, UpstreamError>> + Send + use<>, UpstreamError> {
        let request = Request {
            model: &self.settings.model,
            messages: messages.iter().map(Said::from).collect(),
            max_tokens: self.settings.max_answer_tokens,
            stream: true,
            stream_options: StreamOptions { include_usage: true },
        };
        let response = self.client.post(&self.url).json(&request).send().await.map_err(|error| unreachable(&error))?;
        if !response.status().is_success() {
            return Err(UpstreamError::Status(response.status().as_u16()));
        }
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !content_type.is_some_and(|value| value.starts_with("text/event-stream")) {
            return Err(UpstreamError::NotAStream);
        }
        let mut line = 0;
        let bytes = response.bytes_stream().map(move |bytes| {
            let bytes = bytes.map_err(|_| ())?;
            line = bytes.iter().rposition(|byte| *byte == b'\n').map_or(line + bytes.len(), |end| bytes.len() - end);
            if line > LONGEST_LINE { Err(()) } else { Ok(bytes) }
        });
        Ok(bytes.eventsource().flat_map(|event| {
            let chunks = match event {
                Ok(event) => chunks(&event.data),
                Err(_) => vec![Err(UpstreamError::Broken("it could not be read to its end"))],
            };
            futures_util::stream::iter(chunks)
        }))
    }
}

fn unreachable(error: &reqwest::Error) -> UpstreamError {
    UpstreamError::Unreachable(if error.is_timeout() { "it took too long" } else { "the connection failed" })
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    messages: Vec<Said<'a>>,
    max_tokens: u32,
    stream: bool,
    stream_options: StreamOptions,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct Said<'a> {
    role: &'static str,
    content: &'a str,
}

impl<'a> From<&'a Message> for Said<'a> {
    fn from(message: &'a Message) -> Self {
        Self { role: message.role.name(), content: &message.content }
    }
}

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Usage>,
    error: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Delta,
}

#[derive(Default, Deserialize)]
struct Delta {
    content: Option<String>,
}

/// What one event's data means.
fn chunks(data: &str) -> Vec<Result<Chunk, UpstreamError>> {
    if data.trim() == "[DONE]" {
        return vec![Ok(Chunk::Done)];
    }
    let Ok(event) = serde_json::from_str::<Event>(data) else {
        return vec![Err(UpstreamError::Broken("an event is not of the protocol"))];
    };
    if event.error.is_some() {
        return vec![Err(UpstreamError::Broken("the provider reported an error"))];
    }
    let text = event.choices.into_iter().filter_map(|choice| choice.delta.content).filter(|text| !text.is_empty());
    let usage = event.usage.map(|usage| {
        Ok(Chunk::Usage(Usage {
            prompt_tokens: usage.prompt_tokens.min(MOST_TOKENS),
            completion_tokens: usage.completion_tokens.min(MOST_TOKENS),
        }))
    });
    text.map(|text| Ok(Chunk::Text(text))).chain(usage).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(data: &str) -> Chunk {
        chunks(data).remove(0).unwrap()
    }

    #[test]
    fn the_events_of_the_protocol_are_understood() {
        assert_eq!(one(r#"{"choices":[{"delta":{"content":"Hi"}}]}"#), Chunk::Text("Hi".into()));
        let usage = Usage { prompt_tokens: 3, completion_tokens: 5 };
        let last = r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8}}"#;
        assert_eq!(one(last), Chunk::Usage(usage));
        assert_eq!(one("[DONE]"), Chunk::Done);
        assert!(chunks(r#"{"choices":[{"delta":{"role":"assistant","content":""}}],"usage":null}"#).is_empty());
    }

    #[test]
    fn what_is_not_of_the_protocol_breaks_the_stream() {
        assert!(chunks("{").remove(0).is_err());
        assert!(chunks(r#"{"error":{"message":"overloaded"}}"#).remove(0).is_err());
    }
}
