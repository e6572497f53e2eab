//! `cargo lambda watch`: the same paths as in Lambda, by the router in Cargo.toml.

use std::fmt::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper_util::rt::TokioIo;
use tests::{Browser, tool};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::journey;
use super::settings::Settings;

const READY_LIMIT: Duration = Duration::from_mins(1);
/// The first request to a function has cargo look whether its binary is up to date.
const ANSWER_LIMIT: Duration = Duration::from_mins(2);

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_path_works_under_cargo_lambda_watch() {
    let settings = Settings::new().await;
    let watch = Watch::start(&settings).await;
    let address = watch.address;
    let mut browser = Browser::new(Router::new().fallback(async move |request| forward(address, request).await));
    journey::walk(&mut browser).await;
}

/// A running `cargo lambda watch` and its functions; stopped with all of them when this is dropped.
struct Watch {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
    _folder: tempfile::TempDir,
}

impl Watch {
    async fn start(settings: &Settings) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (settings_file, log) = (folder.path().join("settings"), folder.path().join("log"));
        let lines = settings.pairs().into_iter().fold(String::new(), |mut lines, (name, value)| {
            // Quoted as `ward dev` quotes them: an equals sign in a value would end it.
            writeln!(lines, "{name}='{value}'").expect("a text grows");
            lines
        });
        std::fs::write(&settings_file, lines).expect("a file");
        let address = free_address();
        let output = std::fs::File::create(&log).expect("a file");
        let mut command = Command::new(tool("cargo-lambda"));
        command
            .args(["lambda", "watch", "--ignore-changes", "--disable-cors", "--color", "never", "--invoke-address"])
            .args([address.ip().to_string(), "--invoke-port".to_owned(), address.port().to_string()])
            .arg("--env-file")
            .arg(settings_file)
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository"))
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a second handle"))
            .stderr(output)
            .process_group(0);
        forget_this_cargo(&mut command);
        let child = command.spawn().expect("cargo-lambda runs");
        let mut watch = Self { child, address, log, _folder: folder };
        watch.wait_until_ready().await;
        watch
    }

    async fn wait_until_ready(&mut self) {
        let start = Instant::now();
        while TcpStream::connect(self.address).await.is_err() {
            let ended = self.child.try_wait().expect("a child can be asked");
            assert!(ended.is_none() && start.elapsed() < READY_LIMIT, "not ready ({ended:?}): {}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("cargo lambda watch wrote:\n{}", self.log());
        }
        // The whole group: cargo-lambda, the cargo it runs, and the functions that cargo runs.
        let group = format!("-{}", self.child.id());
        let stopped = Command::new("kill").args(["-KILL", "--", &group]).status();
        assert!(stopped.is_ok_and(|status| status.success()) || std::thread::panicking(), "the group is stopped");
        self.child.wait().ok();
    }
}

/// Takes away what the cargo that runs the tests has set: another cargo would see the environment of build scripts
/// changed, and build everything above them anew.
fn forget_this_cargo(command: &mut Command) {
    const OF_THIS_PACKAGE: [&str; 5] =
        ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text == "CARGO" || OF_THIS_PACKAGE.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a port is free")
}

async fn forward(address: SocketAddr, request: Request) -> Response {
    let stream = TcpStream::connect(address).await.expect("it listens");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("it speaks HTTP");
    tokio::spawn(connection);
    let (mut parts, body) = request.into_parts();
    parts.headers.insert("host", address.to_string().parse().expect("a header"));
    let answer = sender.send_request(Request::from_parts(parts, body));
    // A function that can't start leaves its request without an answer for good.
    let response = timeout(ANSWER_LIMIT, answer).await.expect("an answer in time").expect("an answer");
    response.map(Body::new)
}
