//! The time to the first token through the chat proxy, against a direct call of the same model.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ward::model::MODEL;

use crate::Outcome;
use crate::fixture::{Fixture, ORIGIN};
use crate::http::{Connection, Server, position};
use crate::report::{Report, Row};
use crate::stats::{Samples, ms};

const CALLS: usize = 500;
const WARM_UP: usize = 50;
const QUESTION: &str = "What does a session cost?";
const BUDGET_P50: Duration = Duration::from_millis(1);
const BUDGET_P99: Duration = Duration::from_millis(5);

/// Calls the model directly and through the proxy, in turns.
pub async fn measure(fixture: &Fixture, report: &mut Report) -> Outcome {
    let server = Server::start(chat::router(chat::App::new(fixture.platform.clone())?)).await?;
    let model = fixture.model.base_url();
    let model: SocketAddr = model.trim_start_matches("http://").trim_end_matches("/v1").parse()?;
    let (mut direct, mut proxied) = (Vec::with_capacity(CALLS), Vec::with_capacity(CALLS));
    let (mut to_model, mut to_ward) = (Connection::open(model).await?, server.connect().await?);
    for call in 0..WARM_UP + CALLS {
        // A chat of its own for each call: a longer one would make a longer prompt.
        let chat = open_chat(server.address(), fixture).await?;
        let straight = ask_model(&mut to_model).await?;
        let through = ask_ward(&mut to_ward, &chat, fixture).await?;
        if call >= WARM_UP {
            direct.push(straight);
            proxied.push(through);
        }
    }
    let (direct, proxied) = (Samples::new(direct), Samples::new(proxied));
    let row = |name: &str, through: Duration, straight: Duration, budget: Duration| {
        let added = through.saturating_sub(straight);
        Row {
            what: format!("{name}, added"),
            measured: format!("{} ({} through the proxy)", ms(added), ms(through)),
            floor: ms(straight),
            budget: Some((format!("under {}", ms(budget)), added < budget)),
        }
    };
    report.section(
        "Time to the first token",
        "500 calls each, in turns, on open connections over loopback, from the first byte sent to the first\n\
         token received. The floor is the same model called directly; it pauses nowhere. The proxy reserves the\n\
         quota and stores the sealed question before it calls the model.",
        vec![row("p50", proxied.p50(), direct.p50(), BUDGET_P50), row("p99", proxied.p99(), direct.p99(), BUDGET_P99)],
    );
    Ok(())
}

async fn ask_model(connection: &mut Connection) -> Outcome<Duration> {
    let body = json!({
        "model": MODEL,
        "stream": true,
        "messages": [{ "role": "user", "content": QUESTION }],
    });
    let request = post("/v1/chat/completions", "", &body);
    let begun = Instant::now();
    connection.send(&request).await?;
    connection.receive_until(first_content).await?;
    let taken = begun.elapsed();
    connection.receive_until(|bytes| end_of_chunks(bytes, b"[DONE]")).await?;
    Ok(taken)
}

async fn ask_ward(connection: &mut Connection, chat: &str, fixture: &Fixture) -> Outcome<Duration> {
    let body = json!({ "content": QUESTION });
    let request = post(&format!("/api/chats/{chat}/messages"), &signed_in(fixture), &body);
    let begun = Instant::now();
    connection.send(&request).await?;
    connection.receive_until(|bytes| position(bytes, b"event: delta")).await?;
    let taken = begun.elapsed();
    connection.receive_until(|bytes| end_of_chunks(bytes, b"event: done")).await?;
    Ok(taken)
}

async fn open_chat(address: SocketAddr, fixture: &Fixture) -> Outcome<String> {
    let mut connection = Connection::open(address).await?;
    connection.send(&post("/api/chats", &signed_in(fixture), &json!({ "title": "bench" }))).await?;
    let found = |bytes: &[u8]| {
        let head = position(bytes, b"\r\n\r\n")?;
        serde_json::from_slice::<Value>(&bytes[head + 4..]).ok().map(|_| head + 4)
    };
    let body = connection.receive_until(found).await?;
    let answer: Value = serde_json::from_slice(connection.received_from(body))?;
    let id = answer["id"].as_str().ok_or_else(|| format!("the chat was not opened: {answer}"))?;
    Ok(id.to_owned())
}

fn signed_in(fixture: &Fixture) -> String {
    format!("Origin: {ORIGIN}\r\nCookie: {}\r\nX-CSRF-Token: {}\r\n", fixture.cookie, fixture.csrf)
}

fn post(path: &str, headers: &str, body: &Value) -> String {
    let body = body.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The first chunk whose content isn't empty.
fn first_content(bytes: &[u8]) -> Option<usize> {
    const CONTENT: &[u8] = b"\"content\":\"";
    let empty = position(bytes, CONTENT)?;
    let rest = empty + CONTENT.len();
    match bytes.get(rest) {
        Some(b'"') => first_content(&bytes[rest..]),
        Some(_) => Some(empty),
        None => None,
    }
}

/// The end of a chunked answer, after its last event.
fn end_of_chunks(bytes: &[u8], last_event: &[u8]) -> Option<usize> {
    position(bytes, last_event)?;
    bytes.ends_with(b"\r\n0\r\n\r\n").then_some(bytes.len())
}
