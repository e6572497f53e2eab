//! OpenAI's forms: completions, chunks, models, errors.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::MODEL;
use super::answer::Answer;

/// An error as OpenAI words it.
#[derive(Debug)]
pub(super) struct WireError {
    pub status: StatusCode,
    pub message: String,
    /// The field at fault.
    pub param: Option<&'static str>,
    pub code: Option<&'static str>,
}

impl WireError {
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), param: None, code: None }
    }

    /// 400 for a field, or for the whole.
    pub fn invalid(param: Option<&'static str>, message: impl Into<String>) -> Self {
        Self { param, ..Self::new(StatusCode::BAD_REQUEST, message) }
    }
}

impl IntoResponse for WireError {
    fn into_response(self) -> Response {
        let error = json!({
            "message": self.message,
            "type": "invalid_request_error",
            "param": self.param,
            "code": self.code,
        });
        (self.status, Json(json!({ "error": error }))).into_response()
    }
}

/// The list of models: one.
pub(super) fn models() -> Value {
    json!({ "object": "list", "data": [{ "id": MODEL, "object": "model", "created": 0, "owned_by": "ward" }] })
}

/// An answer on its way out.
#[derive(Debug)]
pub(super) struct Completion {
    /// Seconds since 1970.
    pub created: i64,
    pub answer: Answer,
}

impl Completion {
    /// The answer in one piece.
    pub fn whole(&self) -> Value {
        json!({
            "id": self.id(),
            "object": "chat.completion",
            "created": self.created,
            "model": MODEL,
            "choices": [{
                "index": 0,
                "message": { "role": "assistant", "content": self.answer.text(), "refusal": null },
                "logprobs": null,
                "finish_reason": self.finish_reason(),
            }],
            "usage": self.usage(),
        })
    }

    /// The first chunk: who speaks.
    pub fn start(&self, include_usage: bool) -> String {
        self.chunk(&json!({ "role": "assistant", "content": "" }), None, include_usage)
    }

    /// A chunk for each token.
    pub fn tokens(&self, include_usage: bool) -> Vec<String> {
        let tokens = self.answer.tokens.iter();
        tokens.map(|token| self.chunk(&json!({ "content": token }), None, include_usage)).collect()
    }

    /// The reason for the end, the usage if asked for, and the mark that nothing follows.
    pub fn ending(&self, include_usage: bool) -> Vec<String> {
        let finish = self.chunk(&json!({}), Some(self.finish_reason()), include_usage);
        let usage = include_usage.then(|| self.envelope(&json!([]), Some(self.usage())));
        [finish].into_iter().chain(usage).chain(["[DONE]".to_owned()]).collect()
    }

    fn chunk(&self, delta: &Value, finish_reason: Option<&str>, include_usage: bool) -> String {
        let choice = json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason });
        // Asked for usage, OpenAI sends the field in every chunk, empty in all but the last.
        self.envelope(&json!([choice]), include_usage.then_some(Value::Null))
    }

    fn envelope(&self, choices: &Value, usage: Option<Value>) -> String {
        let mut chunk = json!({
            "id": self.id(),
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": MODEL,
            "choices": choices,
        });
        if let Some(usage) = usage {
            chunk["usage"] = usage;
        }
        chunk.to_string()
    }

    fn id(&self) -> String {
        format!("chatcmpl-local-{:016x}", self.answer.fingerprint)
    }

    fn finish_reason(&self) -> &'static str {
        if self.answer.cut_off { "length" } else { "stop" }
    }

    fn usage(&self) -> Value {
        let (prompt, completion) = (self.answer.prompt_tokens, self.answer.tokens.len());
        json!({ "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion })
    }
}
