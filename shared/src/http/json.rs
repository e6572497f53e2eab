//! JSON bodies and query strings whose refusals are problems. axum's own are plain text.

use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::Problem;

/// A request body parsed as JSON.
///
/// Answers 415 where the content type is not JSON, 413 where the body is over the function's limit, 400 where it
/// does not parse and 422 where it parses but has not the expected shape.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_of_type(&request, "application/json") {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The body has to be JSON",
            )
            .detail("Send Content-Type: application/json."));
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| unreadable(&rejection))?;
        parse_json(&body).map(Self)
    }
}

/// A request body as it is, of any type.
///
/// Answers 413 where it is over the function's limit.
pub struct RawBody(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        Bytes::from_request(request, state).await.map(Self).map_err(|rejection| unreadable(&rejection))
    }
}

/// Reads JSON that came in some other way than as a whole body, with the same refusals.
///
/// # Errors
/// 400 where it does not parse, 422 where it has not the expected shape.
pub fn parse_json<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(text).map_err(|error| refused(&error))
}

/// Whether the request says that its body is of a media type, with or without parameters.
pub(super) fn is_of_type(request: &Request, media_type: &str) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next()).map(str::trim);
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case(media_type))
}

pub(super) fn unreadable(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "The body is too large")
            .detail("/docs says how much a field may hold.")
    } else {
        Problem::bad_request("unreadable_body", "The body could not be read to its end")
    }
}

/// Says where and what kind, never what: serde's own text can quote the value.
pub(super) fn refused(error: &serde_json::Error) -> Problem {
    let place = format!("Line {}, column {}.", error.line(), error.column());
    let text = error.to_string();
    // "missing field `name`" quotes Ward's own name of the field, not the client's text.
    let missing = text.starts_with("missing field").then(|| text.split(" at line").next().unwrap_or_default());
    let what = match (missing, expected(&text)) {
        (Some(missing), _) => missing.replacen('m', "M", 1),
        (None, Some(expected)) => format!("A field is unknown or of the wrong type: expected {expected}"),
        (None, None) => "A field is unknown or of the wrong type".to_owned(),
    };
    match error.classify() {
        serde_json::error::Category::Data => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_body", "The body has not the expected shape")
                .detail(format!("{what}. {place}"))
        }
        _ => Problem::bad_request("malformed_json", "The body is not JSON").detail(place),
    }
}

/// The names a serde error says would have been right: Ward's own words, unlike what stands before them. They come last,
/// so that nothing a client sends passes for them.
fn expected(text: &str) -> Option<&str> {
    let known = text.starts_with("unknown variant `") || text.starts_with("unknown field `");
    // Then nothing of ours comes last.
    let none = text.contains("there are no ");
    let (_, names) = text.rsplit_once(", expected ").filter(|_| known && !none)?;
    Some(names.split(" at line ").next().unwrap_or(names))
}

/// The query string.
pub struct QueryParams<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for QueryParams<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Query::from_request_parts(parts, state).await.map(|Query(value)| Self(value)).map_err(|rejection| {
            // axum begins with words of its own and the parameter's name.
            let text = rejection.body_text();
            let cause = ["unknown variant `", "unknown field `"].iter().find_map(|begins| text.find(begins));
            let detail = cause.and_then(|at| expected(&text[at..])).map_or_else(
                || "/docs says which this path takes.".to_owned(),
                |expected| format!("Expected {expected}."),
            );
            Problem::bad_request("invalid_query", "A query parameter is missing, unknown or of the wrong form")
                .detail(detail)
        })
    }
}

/// An id in the path. Whatever is not an id names nothing: 404.
pub struct PathId(pub uuid::Uuid);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Path::<uuid::Uuid>::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(id)| Self(id))
            .map_err(|_| Problem::not_found())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[expect(dead_code, reason = "only whether it parses counts")]
        session: Mode,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Mode {
        Cookie,
        Token,
    }

    fn told(json: &str) -> Option<String> {
        let error = serde_json::from_str::<Body>(json).err()?.to_string();
        expected(&error).map(str::to_owned)
    }

    #[test]
    fn what_would_have_been_right_is_told() {
        assert_eq!(told(r#"{"session": "bearer"}"#).unwrap(), "`cookie` or `token`");
        assert_eq!(told(r#"{"sesion": "token"}"#).unwrap(), "`session`");
        assert_eq!(told(r#"{"session": 7}"#), None);
        assert_eq!(told(r#"{"session": "there are no secrets, expected some"}"#), None);
    }

    proptest! {
        #[test]
        fn nothing_of_the_clients_is_told(text in "\\PC{0,20}(, expected )?(`| at line )?\\PC{0,20}") {
            let text = serde_json::to_string(&text).unwrap();
            for json in [format!("{{\"session\": {text}}}"), format!("{{{text}: 1}}")] {
                let told = told(&json);
                prop_assert!(told.is_none() || ["`cookie` or `token`", "`session`"].contains(&told.as_deref().unwrap()));
            }
        }
    }
}
