//! Tries a new version of a function as API Gateway would call it, before anybody else does.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use shared::config::NewVersion;
use shared::identity::SESSION_COOKIE;

use crate::aws::{Aws, AwsError, Invoked};

/// What a stranger may ask of each function: nobody's data is touched.
const ASKED: [(&str, &str); 5] = [
    (HEALTH, "/health"),
    ("auth", "/api/auth/me"),
    ("storage", "/api/storage/keys"),
    ("chat", "/api/chats"),
    ("usage", "/api/usage"),
];
const HEALTH: &str = "health";
/// Answers nobody: it does what is due.
const NOT_TRIED: &str = "maintenance";
/// What `/health` has to find in order.
const PARTS: [&str; 3] = ["database", "cache", "keyring"];

/// A token and a tag, all of whose bytes are zero.
const MADE_UP: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A version that has just been made may still be starting, and the parts it asks may take a moment the first time.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);
/// What parts the prelude of a streamed answer from its body.
const DELIMITER: [u8; 8] = [0; 8];

/// Why a version is not fit for traffic.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// Nothing is known that could be asked of it.
    #[error("there is no such function to try")]
    Unknown,
    /// Lambda did not invoke it.
    #[error("its invocation: {0}")]
    NotInvoked(String),
    /// It ended without an answer.
    #[error("it crashed, ran out of time, or could not start")]
    Crashed,
    /// What it answered is nothing that API Gateway could make a response from.
    #[error("what it answered is no HTTP response")]
    NoResponse,
    /// It answered something else than it should.
    #[error("it answered with status {0}")]
    Status(u16),
    /// It does not get at what it needs.
    #[error("it answered with status {status}; down: {}", parts.join(", "))]
    Down {
        /// Of its answer.
        status: u16,
        /// What does not answer it.
        parts: Vec<&'static str>,
    },
}

impl From<AwsError> for Unfit {
    fn from(error: AwsError) -> Self {
        Self::NotInvoked(error.to_string())
    }
}

/// Tries all, at the same time; gives those that are not fit, by the functions' names.
pub(crate) async fn try_all<'a>(aws: &Aws, versions: &'a [NewVersion]) -> Vec<(&'a str, Unfit)> {
    let tried = versions.iter().filter(|version| version.function != NOT_TRIED).map(async |version| {
        let unfit = try_one(aws, version).await.err()?;
        tracing::error!(function = version.function, version = version.arn, reason = %unfit, "a new version is not fit");
        Some((version.function.as_str(), unfit))
    });
    join_all(tried).await.into_iter().flatten().collect()
}

async fn try_one(aws: &Aws, version: &NewVersion) -> Result<(), Unfit> {
    let (_, path) = ASKED.iter().find(|(name, _)| *name == version.function).ok_or(Unfit::Unknown)?;
    let event = event(path, version.function != HEALTH);
    let mut tries = 1;
    loop {
        let judged = match aws.invoke(&version.arn, &event).await {
            Ok(invoked) => judge(&version.function, &invoked),
            Err(error) => Err(error.into()),
        };
        if judged.is_ok() || tries == TRIES {
            return judged;
        }
        tries += 1;
        tokio::time::sleep(PAUSE).await;
    }
}

/// A GET as API Gateway's REST API hands it over. With a session's cookie that nobody made: to tell, a function needs the
/// database by its own login and the keyring, and then takes the request for a stranger's.
fn event(path: &str, with_cookie: bool) -> Value {
    let cookie = format!("{SESSION_COOKIE}={MADE_UP}");
    let names = [("Accept", "application/json"), ("Cookie", &cookie)];
    let names = &names[..if with_cookie { 2 } else { 1 }];
    let headers: Map<String, Value> = names.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let several: Map<String, Value> = names.iter().map(|(name, value)| ((*name).to_owned(), json!([value]))).collect();
    json!({
        "resource": path,
        "path": path,
        "httpMethod": "GET",
        "headers": headers,
        "multiValueHeaders": several,
        "queryStringParameters": null,
        "multiValueQueryStringParameters": null,
        "pathParameters": null,
        "stageVariables": null,
        "requestContext": {
            "resourcePath": path,
            "path": path,
            "httpMethod": "GET",
            "protocol": "HTTP/1.1",
            "stage": "trial",
            "requestId": "trial",
            "apiId": "trial",
            // Nobody's: such an address reaches no network.
            "identity": { "sourceIp": "192.0.2.1" },
        },
        "body": null,
        "isBase64Encoded": false,
    })
}

/// What API Gateway makes a response from.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    status_code: u16,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

fn judge(function: &str, invoked: &Invoked) -> Result<(), Unfit> {
    if invoked.failed {
        return Err(Unfit::Crashed);
    }
    let (status, body) = response(&invoked.payload).ok_or(Unfit::NoResponse)?;
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if function == HEALTH {
        let parts: Vec<_> = PARTS.into_iter().filter(|part| body["checks"][*part] != "ok").collect();
        return if status == 200 && parts.is_empty() { Ok(()) } else { Err(Unfit::Down { status, parts }) };
    }
    let asks_to_sign_in = status == 401 && body["code"] == "unauthenticated";
    if asks_to_sign_in || status == 200 { Ok(()) } else { Err(Unfit::Status(status)) }
}

/// Status and body of an answer, buffered or streamed.
fn response(payload: &[u8]) -> Option<(u16, Vec<u8>)> {
    if let Some(at) = payload.windows(DELIMITER.len()).position(|window| window == DELIMITER) {
        let prelude: Response = serde_json::from_slice(&payload[..at]).ok()?;
        return Some((prelude.status_code, payload[at + DELIMITER.len()..].to_vec()));
    }
    let answer: Response = serde_json::from_slice(payload).ok()?;
    let body = answer.body.unwrap_or_default();
    let body = if answer.is_base64_encoded { STANDARD.decode(body).ok()? } else { body.into_bytes() };
    Some((answer.status_code, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(function: &str, payload: &str) -> Result<(), Unfit> {
        judge(function, &Invoked { failed: false, payload: payload.to_owned().into() })
    }

    #[test]
    fn a_function_is_fit_that_asks_a_stranger_to_sign_in() {
        let problem = r#"{\"code\":\"unauthenticated\"}"#;
        assert_eq!(judged("usage", &format!(r#"{{"statusCode":401,"body":"{problem}"}}"#)), Ok(()));
        let base64 = STANDARD.encode(r#"{"code":"unauthenticated"}"#);
        let encoded = format!(r#"{{"statusCode":401,"body":"{base64}","isBase64Encoded":true}}"#);
        assert_eq!(judged("usage", &encoded), Ok(()));
        let streamed = "{\"statusCode\":401,\"headers\":{}}\0\0\0\0\0\0\0\0{\"code\":\"unauthenticated\"}";
        assert_eq!(judged("chat", streamed), Ok(()));
        assert_eq!(judged("chat", "{\"statusCode\":401}\0\0\0\0\0\0\0\0{}"), Err(Unfit::Status(401)));
        assert_eq!(judged("auth", r#"{"statusCode":500,"body":"{}"}"#), Err(Unfit::Status(500)));
    }

    #[test]
    fn health_is_fit_when_every_part_is() {
        let down = |status, parts: &[&'static str]| Err(Unfit::Down { status, parts: parts.to_vec() });
        let health = |status: u16, cache: &str| {
            let body = json!({"checks": {"database": "ok", "cache": cache, "keyring": "ok"}}).to_string();
            judged(HEALTH, &json!({"statusCode": status, "body": body}).to_string())
        };
        assert_eq!(health(200, "ok"), Ok(()));
        assert_eq!(health(503, "down"), down(503, &["cache"]));
        assert_eq!(health(503, "ok"), down(503, &[]));
        assert_eq!(judged(HEALTH, r#"{"statusCode":200,"body":"{}"}"#), down(200, &PARTS));
    }

    #[test]
    fn the_made_up_cookie_is_formed_like_one() {
        assert!(shared::identity::CookieToken::parse(MADE_UP).is_some());
    }

    #[test]
    fn what_is_no_response_is_not_taken_for_one() {
        for payload in ["", "null", "{}", "[]", r#"{"statusCode":"200"}"#, "\0\0\0\0\0\0\0\0", "{}\0\0\0\0\0\0\0\0x"] {
            assert_eq!(judged("auth", payload), Err(Unfit::NoResponse), "{payload:?}");
        }
        let crashed = Invoked { failed: true, payload: r#"{"statusCode":200}"#.into() };
        assert_eq!(judge("auth", &crashed), Err(Unfit::Crashed));
    }
}
