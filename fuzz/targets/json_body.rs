//! Whatever may come as a body: it is taken, or refused in words that are all Ward's own and quote nothing of it.

#![no_main]

use axum::body::{Body, to_bytes};
use axum::extract::FromRequest;
use axum::http::{Request, header};
use axum::response::IntoResponse;
use futures_util::FutureExt;
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use shared::http::{JsonBody, ProblemBody};

/// Of the kinds of members that bodies have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    name: String,
    days: Option<u16>,
    #[serde(default)]
    scopes: Vec<String>,
    kind: Kind,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Email,
    Phone,
}

/// The detail without its two numbers.
fn form(detail: &str) -> String {
    detail.chars().filter(|c| !c.is_ascii_digit()).collect()
}

fuzz_target!(|bytes: &[u8]| {
    let request = Request::post("/").header(header::CONTENT_TYPE, "application/json").body(Body::from(bytes.to_vec()));
    let read =
        JsonBody::<Sample>::from_request(request.expect("a request"), &()).now_or_never().expect("it is all there");
    let problem = match read {
        Ok(JsonBody(Sample { name, days, scopes, kind: Kind::Email | Kind::Phone })) => {
            let members = 2 + usize::from(days.is_some());
            assert!(name.len() + scopes.iter().map(String::len).sum::<usize>() + members <= bytes.len());
            return;
        }
        Err(problem) => problem,
    };
    let answer =
        to_bytes(problem.into_response().into_body(), 4_096).now_or_never().expect("an answer").expect("whole");
    let answer: ProblemBody = serde_json::from_slice(&answer).expect("a problem");
    let detail = form(&answer.detail.expect("a place"));
    match answer.code.as_str() {
        "malformed_json" => assert_eq!(detail, "Line , column ."),
        "invalid_body" => assert!(
            [
                "A field is unknown or of the wrong type. Line , column .",
                "Missing field `name`. Line , column .",
                "Missing field `kind`. Line , column .",
            ]
            .contains(&detail.as_str()),
            "{detail}"
        ),
        other => panic!("{other}"),
    }
});
