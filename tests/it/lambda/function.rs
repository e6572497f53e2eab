//! A function's real binary, run as Lambda runs it.

use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use serde_json::Value;
use shared::clock::Clock;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use tests::binary;

use super::emulator::{Emulator, Frame, NO_DEADLINE, Outcome};

/// A debug binary on a busy machine, its first connection to the database included.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// What parts the prelude of a streamed answer from its body.
const DELIMITER: [u8; 8] = [0; 8];

/// A running function; it is killed when this is dropped.
pub struct Function {
    name: String,
    emulator: Emulator,
    child: Child,
    log: Arc<Mutex<String>>,
    readers: JoinSet<()>,
}

/// What the function answers to a REST proxy event.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Header names and values in the order and number they came in.
#[derive(Clone, Debug, Default)]
pub struct HeaderMap(Vec<(String, String)>);

impl HeaderMap {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The values of a header.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The first value of a header, or nothing at all.
    pub fn get<'a>(&'a self, name: &'a str) -> &'a str {
        self.all(name).next().unwrap_or_default()
    }
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(&self.body)))
    }
}

/// A streamed answer whose body is still on its way.
pub struct Stream {
    pub status: u16,
    pub headers: HeaderMap,
    first: Bytes,
    rest: mpsc::UnboundedReceiver<Frame>,
}

impl Stream {
    /// The next part of the body; nothing once it has ended without an error.
    pub async fn next(&mut self) -> Option<Bytes> {
        if !self.first.is_empty() {
            return Some(std::mem::take(&mut self.first));
        }
        match timeout(ANSWER_LIMIT, self.rest.recv()).await.expect("the stream goes on")? {
            Frame::Data(data) => Some(data),
            Frame::End(trailers) => {
                assert!(trailers.is_empty(), "the stream broke: {trailers:?}");
                None
            }
        }
    }
}

impl Function {
    /// Starts `target/<profile>/<name>` with these settings and no others.
    pub async fn start(name: &str, settings: &[(&str, &str)]) -> Self {
        let stage = ("AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH", "true");
        let settings: Vec<_> = [stage].into_iter().chain(settings.iter().copied()).collect();
        Self::start_exactly(name, &settings).await
    }

    /// The same without what every function of the template is given.
    pub async fn start_exactly(name: &str, settings: &[(&str, &str)]) -> Self {
        let emulator = Emulator::start().await;
        let mut child = Command::new(binary(name))
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", emulator.address().to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_REGION", "us-east-1")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let log = Arc::<Mutex<String>>::default();
        let mut readers = JoinSet::new();
        readers.spawn(keep(child.stdout.take().expect("the output is piped"), Arc::clone(&log)));
        readers.spawn(keep(child.stderr.take().expect("the errors are piped"), Arc::clone(&log)));
        Self { name: name.to_owned(), emulator, child, log, readers }
    }

    /// What the function wrote so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("no holder panics").clone()
    }

    /// Waits for the function to end by itself; gives what it wrote.
    pub async fn ended(&mut self) -> String {
        // The output ends with the process, and is complete only then.
        let ended = timeout(ANSWER_LIMIT, async { while self.readers.join_next().await.is_some() {} }).await;
        assert!(ended.is_ok(), "it still runs; the log:\n{}", self.log());
        self.log()
    }

    /// Hands over an event, whatever its kind, and waits for the answer.
    pub async fn invoke(&mut self, event: &Value) -> Outcome {
        self.invoke_until(event, NO_DEADLINE).await
    }

    /// The same where Lambda would end the function after this time.
    pub async fn invoke_within(&mut self, event: &Value, limit: Duration) -> Outcome {
        let deadline = Clock::system().now().as_millisecond() + i64::try_from(limit.as_millis()).expect("a short time");
        self.invoke_until(event, u64::try_from(deadline).expect("after 1970")).await
    }

    /// The same with a deadline, in milliseconds since 1970.
    pub async fn invoke_until(&mut self, event: &Value, deadline: u64) -> Outcome {
        let outcome = self.emulator.send(event, deadline);
        tokio::select! {
            outcome = timeout(ANSWER_LIMIT, outcome) => match outcome {
                Ok(outcome) => outcome.expect("the emulator settles every event"),
                Err(elapsed) => panic!("{elapsed}: no answer; the log:\n{}", self.log()),
            },
            status = self.child.wait() => {
                let (log, said) = (self.ended().await, self.emulator.init_error());
                panic!("ended ({status:?}) instead of answering; {said:?}; the log:\n{log}");
            }
        }
    }

    /// Hands over a REST proxy event and takes the whole answer, buffered or streamed.
    pub async fn call(&mut self, event: &Value) -> Answer {
        match self.invoke(event).await {
            Outcome::Buffered(body) => proxy_answer(&body),
            Outcome::Streamed(frames) => {
                let mut stream = open(frames).await;
                let mut body = BytesMut::new();
                while let Some(part) = stream.next().await {
                    body.extend_from_slice(&part);
                }
                Answer { status: stream.status, headers: stream.headers, body: body.freeze() }
            }
            Outcome::Failed(error) => panic!("the invocation failed: {error}; the log:\n{}", self.log()),
        }
    }

    /// Hands over a REST proxy event and takes the answer as it comes.
    pub async fn stream(&mut self, event: &Value) -> Stream {
        match self.invoke(event).await {
            Outcome::Streamed(frames) => open(frames).await,
            other => panic!("not streamed: {other:?}; the log:\n{}", self.log()),
        }
    }
}

impl Drop for Function {
    /// A failed test shows what its functions wrote.
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{} wrote:\n{}", self.name, self.log());
        }
    }
}

async fn keep(output: impl AsyncRead + Unpin, log: Arc<Mutex<String>>) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let mut log = log.lock().expect("no holder panics");
        log.push_str(&line);
        log.push('\n');
    }
}

/// The JSON that API Gateway makes the HTTP answer from.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProxyAnswer {
    status_code: u16,
    #[serde(default)]
    headers: serde_json::Map<String, Value>,
    #[serde(default)]
    multi_value_headers: serde_json::Map<String, Value>,
    #[serde(default)]
    cookies: Vec<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

impl ProxyAnswer {
    /// As API Gateway merges them: a name in both maps counts by its several values.
    fn headers(&self) -> HeaderMap {
        let text = |value: &Value| value.as_str().expect("a header is text").to_owned();
        let several = self.multi_value_headers.iter().flat_map(|(name, values)| {
            values.as_array().expect("a list").iter().map(|value| (name.clone(), text(value)))
        });
        let single = self.headers.iter().filter(|(name, _)| !self.multi_value_headers.contains_key(*name));
        let cookies = self.cookies.iter().map(|cookie| ("set-cookie".to_owned(), cookie.clone()));
        HeaderMap(several.chain(single.map(|(name, value)| (name.clone(), text(value)))).chain(cookies).collect())
    }
}

fn proxy_answer(body: &[u8]) -> Answer {
    let answer: ProxyAnswer = serde_json::from_slice(body).expect("API Gateway understands the answer");
    assert!(!answer.is_base64_encoded, "every answer of Ward's is text");
    let headers = answer.headers();
    Answer { status: answer.status_code, headers, body: answer.body.unwrap_or_default().into() }
}

async fn open(mut frames: mpsc::UnboundedReceiver<Frame>) -> Stream {
    let mut seen = BytesMut::new();
    let end_of_prelude = loop {
        if let Some(at) = seen.windows(DELIMITER.len()).position(|window| window == DELIMITER) {
            break at;
        }
        match timeout(ANSWER_LIMIT, frames.recv()).await.expect("the prelude comes") {
            Some(Frame::Data(data)) => seen.extend_from_slice(&data),
            other => panic!("the stream ended in its prelude: {other:?}"),
        }
    };
    let prelude: ProxyAnswer = serde_json::from_slice(&seen[..end_of_prelude]).expect("the prelude is JSON");
    let first = seen.freeze().slice(end_of_prelude + DELIMITER.len()..);
    Stream { status: prelude.status_code, headers: prelude.headers(), first, rest: frames }
}
