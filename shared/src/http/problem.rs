//! Errors as `application/problem+json` (RFC 9457) with a stable `code`.

use std::error::Error;
use std::fmt;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::NoEntropy;
use crate::data::DbError;
use crate::vault::VaultError;

/// The body of an error (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemBody {
    /// Always `about:blank`: the `code` tells problems apart.
    #[serde(rename = "type")]
    pub kind: String,
    /// What went wrong, for people.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong, for programs; never changes its meaning.
    pub code: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The request's id, as in `X-Request-Id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// An error on its way to the client. A 5xx hides its cause from the client; the guard logs it once.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem with a status, a stable code and a title.
    pub fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self { status, code, title, detail: None, headers: Vec::new(), source: None }
    }

    /// Says what to do about it. Never holds a value of the request.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Keeps the cause for the log. Its text must be fit for one.
    #[must_use]
    pub fn source(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// 400: the request does not mean anything.
    pub fn bad_request(code: &'static str, title: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, title)
    }

    /// 401: sign in first.
    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Sign in first")
            .detail("There is no session, or it is over: one ends after a while without use.")
            .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Session realm=\"ward\""))
    }

    /// 401: the `Authorization` header proves nothing (RFC 6750, section 3.1).
    pub fn token_invalid() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "token_invalid", "The token in the Authorization header is not valid")
            .detail("It is over, revoked or none of ours. Refresh the access token, or make a new API key.")
            .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""))
    }

    /// 403: known, but not allowed.
    pub fn forbidden(code: &'static str, title: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, title)
    }

    /// 404: not there, or another user's.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing here")
    }

    /// 405: the path exists, the method does not.
    pub fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This path does not take this method")
    }

    /// 500 with a fixed reason for the log.
    pub fn internal(reason: &'static str) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong on our side")
            .source(Reason(reason))
    }

    /// 503: a part Ward needs does not answer.
    pub fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "A part of the service does not answer")
            .detail("Try again in a moment.")
            .header(header::RETRY_AFTER, HeaderValue::from_static("5"))
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The code and title, for a stream that can't answer with a status any more.
    pub fn summary(&self) -> (&'static str, &'static str) {
        (self.code, self.title)
    }

    /// Logs a 5xx with its cause. The guard does so for answers; a stream does it for itself.
    pub fn log(&self) {
        if self.status.is_server_error() {
            let cause = self.source.as_deref().map(describe);
            tracing::error!(code = self.code, status = self.status.as_u16(), cause, "request failed");
        }
    }
}

/// For the `ward` command, which has no client to hide a cause from.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.detail, &self.source) {
            (Some(detail), None) => write!(f, "{}. {detail}", self.title),
            _ => f.write_str(self.title),
        }
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// An error and its sources in one line.
fn describe(error: &(dyn Error + Send + Sync + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Reason(&'static str);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.log();
        let body = ProblemBody {
            kind: "about:blank".into(),
            title: self.title.into(),
            status: self.status.as_u16(),
            code: self.code.into(),
            detail: self.detail,
            request_id: None,
        };
        let mut response = (self.status, axum::Json(&body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(self.headers);
        // The guard knows the request's id and writes it into the body.
        response.extensions_mut().insert(body);
        response
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Unavailable(_) => Self::unavailable().source(error),
            // The user was erased, and the cache has not heard of it yet.
            DbError::Constraint { constraint } if constraint.ends_with("_user_id_fkey") => Self::unauthenticated(),
            _ => Self::internal("database").source(error),
        }
    }
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Unavailable(_) => Self::unavailable().source(error),
            VaultError::Database(error) => error.into(),
            VaultError::Revoked => Self::forbidden("key_revoked", "The key of this data may not be used any more")
                .detail("It was revoked, or the account was erased. Ask an administrator."),
            _ => Self::internal("vault").source(error),
        }
    }
}

impl From<NoEntropy> for Problem {
    fn from(error: NoEntropy) -> Self {
        Self::unavailable().source(error)
    }
}
