//! What was acknowledged is there, whatever is killed in the middle.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};

use serde_json::{Value, json};
use tests::binary;

/// How often everything is killed in the middle of a stream of sets.
const KILLS: usize = 5;
/// How many sets are acknowledged before each kill.
const ACKNOWLEDGED: usize = 30;
const WRITERS: usize = 4;

/// `ward dev` and its PostgreSQL.
struct Dev {
    child: Child,
    port: u16,
}

impl Dev {
    fn start(folder: &Path, port: u16) -> Self {
        let mut command = Command::new(binary("ward"));
        command.args(["dev", "--port", &port.to_string(), "--data-dir"]).arg(folder).env("PATH", "/nonexistent");
        command.env("WARD_LIMIT_USER", "1000000").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        for setting in ["DATABASE_URL", "REDIS_URL", "KMS_KEY_ID", "WARD_EMAIL", "WARD_SMS", "WARD_OUTBOX"] {
            command.env_remove(setting);
        }
        let mut child = command.spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut said = String::new();
        while !said.contains("Ctrl-C stops everything") {
            said.push_str(&lines.next().unwrap_or_else(|| panic!("it ended: {said}")).expect("text"));
            said.push('\n');
        }
        std::thread::spawn(move || lines.for_each(drop));
        let url = said[said.find("http://").expect("a URL")..].split_whitespace().next().expect("a URL");
        Self { child, port: url.rsplit(':').next().expect("a port").parse().expect("a port") }
    }

    /// Kills the server and every process of its PostgreSQL at once, without a word of warning.
    fn kill(mut self, folder: &Path) {
        let file = std::fs::read_to_string(folder.join("postgres/data/postmaster.pid")).expect("PostgreSQL runs");
        let postmaster = file.lines().next().expect("a line").to_owned();
        let mut all = children_of(&postmaster);
        all.extend([postmaster, self.child.id().to_string()]);
        // One that has ended by itself meanwhile makes `kill` say so.
        Command::new("kill").arg("-KILL").args(&all).stderr(Stdio::null()).status().expect("kill");
        self.child.wait().expect("it ends");
    }
}

/// The processes a process has started.
fn children_of(parent: &str) -> Vec<String> {
    let is_child = |id: &String| {
        let text = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // The name stands in parentheses and may hold spaces.
        text.rsplit_once(')').is_some_and(|(_, fields)| fields.split_whitespace().nth(1) == Some(parent))
    };
    let entries = std::fs::read_dir("/proc").expect("processes").flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(is_child).collect()
}

/// The whole answer to a request, where there is one.
fn exchange(port: u16, method: &str, path: &str, token: &str, body: &str) -> Option<Value> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let good = head.starts_with("HTTP/1.1 200 ") || head.starts_with("HTTP/1.1 201 ");
    serde_json::from_str(body).ok().filter(|_| good)
}

fn token(port: u16) -> String {
    let body =
        json!({"username": "ada", "display_name": "Ada", "password": "meniscus tango 47 lantern", "session": "token"});
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let body = body.to_string();
    write!(
        stream,
        "POST /api/auth/register HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let body: Value = serde_json::from_str(body).expect("JSON");
    body["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Sets one key after the other until the server is gone; tells each that was acknowledged. Every third overwrites the
/// one before.
fn write(port: u16, token: &str, writer: &str, acknowledged: &Sender<(String, i64, i64)>) {
    for turn in 0.. {
        let key = format!("{writer}/{}", turn - i64::from(turn % 3 == 2));
        let body = json!({"key": key, "value": turn, "metadata": {"turn": turn}}).to_string();
        let Some(answer) = exchange(port, "POST", "/api/storage/set", token, &body) else { return };
        let version = answer["version"].as_i64().expect("a version");
        if acknowledged.send((key, turn, version)).is_err() {
            return;
        }
    }
}

#[test]
fn what_was_acknowledged_is_there_after_everything_was_killed() {
    let parent = tempfile::Builder::new().prefix("ward-kill-").tempdir().unwrap();
    let folder = parent.path().join("data");
    let mut dev = Dev::start(&folder, 0);
    let (port, token) = (dev.port, token(dev.port));
    let mut told: Vec<(String, i64, i64)> = Vec::new();
    for kill in 0..KILLS {
        let (sender, acknowledged) = channel();
        std::thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (sender, token) = (sender.clone(), token.as_str());
                scope.spawn(move || write(port, token, &format!("{kill}/{writer}"), &sender));
            }
            drop(sender);
            told.extend(acknowledged.iter().take(ACKNOWLEDGED));
            dev.kill(&folder);
            // What was acknowledged while the blow fell counts as well.
            told.extend(acknowledged);
        });
        dev = Dev::start(&folder, port);
        for (key, value, version) in &told {
            let got = exchange(port, "GET", &format!("/api/storage/get?key={key}&version={version}"), &token, "");
            assert_eq!(got.unwrap_or_else(|| panic!("{key} is gone"))["value"], *value, "{key}, version {version}");
        }
    }
    assert!(told.len() >= KILLS * ACKNOWLEDGED, "only {} sets were acknowledged", told.len());
    dev.kill(&folder);
}
