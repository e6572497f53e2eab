//! `ward dev`: started, refused a second time, stopped, without a process left.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use auth::delivery::{Delivery, EmailAddress, Message, Template};
use tests::{TestApp, binary};
use uuid::Uuid;

/// Neither npm nor anything else of the machine's is in this folder: the page is not built here.
const NO_NPM: &str = "/nonexistent";

fn ward_dev(folder: &Path, port: u16) -> Command {
    let mut command = Command::new(binary("ward"));
    command.args(["dev", "--port", &port.to_string(), "--data-dir"]).arg(folder);
    command.env("PATH", NO_NPM).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let parts = ["DATABASE_URL", "REDIS_URL", "KMS_KEY_ID", "OPENAI_API_KEY", "OPENAI_BASE_URL"];
    for setting in parts.into_iter().chain(["WARD_EMAIL", "WARD_SMS", "WARD_OUTBOX"]) {
        command.env_remove(setting);
    }
    command
}

/// A running `ward dev` and what it said until it was ready.
struct Dev {
    child: Child,
    said: String,
}

impl Dev {
    fn start(folder: &Path) -> Self {
        let mut child = ward_dev(folder, 0).spawn().expect("it starts");
        let mut said = String::new();
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        while !said.contains("Ctrl-C stops everything") {
            let line = lines.next().unwrap_or_else(|| panic!("it ended: {said}")).expect("text");
            said.push_str(&line);
            said.push('\n');
        }
        // What it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, said }
    }

    fn url(&self) -> &str {
        let start = self.said.find("http://").expect("a URL");
        self.said[start..].split_whitespace().next().expect("a URL")
    }

    fn interrupt(mut self) -> Option<i32> {
        let interrupted = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().expect("kill");
        assert!(interrupted.success());
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        self.child.kill().ok();
    }
}

/// The whole answer to a GET.
fn answer(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n").expect("it reads");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("text");
    text
}

/// A message that goes where the functions of the data folder send to, under the settings it holds for them.
#[tokio::main(flavor = "current_thread")]
async fn sends_to_the_outbox(folder: &Path, port: u16) {
    let env = std::fs::read_to_string(folder.join("env")).expect("the settings");
    let outbox = env.lines().find_map(|line| line.strip_prefix("WARD_OUTBOX='")).expect("the outbox");
    let app = TestApp::with(&[("WARD_OUTBOX", outbox.trim_end_matches('\''))]).await;
    let delivery = Delivery::new(&app.platform.settings).unwrap();
    let to = EmailAddress::parse("o'hara@example.org").unwrap();
    let link = "https://app.example/#/recover?token=t".parse().unwrap();
    let message = Message::email(to, Template::Recovery { link, valid_for: Duration::from_hours(1) });
    delivery.send(&app.platform, Uuid::nil(), message).await.unwrap();
    assert!(answer(port, "/outbox.json").contains("\"to\":\"o'hara@example.org\""));
    let page = answer(port, "/outbox");
    assert!(page.contains("<a href=\"https://app.example/#/recover?token=t\">"), "{page}");
    assert!(page.contains("o&#39;hara@example.org"), "{page}");
}

fn refusal(folder: &Path, port: u16) -> String {
    let output = ward_dev(folder, port).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The command lines of all processes that name a folder.
fn processes_in(folder: &Path) -> Vec<String> {
    let folder = folder.display().to_string();
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| {
            let mut line = String::new();
            std::fs::File::open(entry.ok()?.path().join("cmdline")).ok()?.read_to_string(&mut line).ok()?;
            line.contains(&folder).then_some(line)
        })
        .collect()
}

#[test]
fn it_runs_once_per_folder_and_leaves_nothing_behind() {
    let parent = tempfile::Builder::new().prefix("ward-dev-").tempdir().unwrap();
    let folder = parent.path().join("data");
    let dev = Dev::start(&folder);
    assert!(dev.said.contains(&folder.display().to_string()), "it says where the data is: {}", dev.said);
    for setting in ["DATABASE_URL", "REDIS_URL", "KMS_KEY_ID", "OPENAI_API_KEY", "WARD_EMAIL", "WARD_SMS"] {
        assert!(dev.said.contains(setting), "it says what {setting} replaces: {}", dev.said);
    }
    // With a page built earlier it is served; without one and without npm it says that the API runs alone.
    assert!(dev.said.contains("page"), "it says what is with the page: {}", dev.said);
    let port = dev.url().rsplit(':').next().unwrap().parse().unwrap();
    assert!(TcpListener::bind(("127.0.0.1", port)).is_err(), "it listens");

    let keys = folder.join("token-keys.json");
    assert_eq!(keys.metadata().unwrap().permissions().mode() & 0o777, 0o600, "private keys are for us alone");
    let keys = std::fs::read_to_string(keys).unwrap();
    assert!(!dev.said.contains(&keys), "it keeps the keys to itself");
    assert!(std::fs::read_to_string(folder.join("env")).unwrap().contains(&format!("WARD_TOKEN_KEYS='{keys}'\n")));

    let outbox = answer(port, "/outbox");
    assert!(outbox.starts_with("HTTP/1.1 200") && outbox.contains("Nothing was sent yet"), "{outbox}");
    sends_to_the_outbox(&folder, port);

    let second = refusal(&folder, 0);
    assert!(second.contains("already runs on") && second.contains("--data-dir"), "{second}");
    let elsewhere = refusal(&parent.path().join("other"), port);
    assert!(elsewhere.contains(&format!("port {port} is in use")) && elsewhere.contains("--port"), "{elsewhere}");

    assert!(!processes_in(&folder).is_empty());
    assert_eq!(dev.interrupt(), Some(0));
    assert_eq!(processes_in(&folder), [""; 0], "no process is left");

    let again = Dev::start(&folder);
    assert!(!again.said.contains("applied"), "the schema was kept: {}", again.said);
    assert_eq!(again.interrupt(), Some(0));
}
