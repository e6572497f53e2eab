use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::services::tool;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/harness/smtp_server.py");

/// How an SMTP server behaves.
#[derive(Clone, Copy)]
pub enum SmtpMode {
    /// It takes everything.
    Accept,
    /// It takes no recipient, for good.
    Refuse,
    /// It does not take the first recipient for now, and all after it.
    Busy,
    /// It takes everything from the user `ward` with the password `secret`.
    Authenticate,
}

/// A real SMTP server (aiosmtpd) on 127.0.0.1; it ends with this.
pub struct SmtpServer {
    /// Its port.
    pub port: u16,
    file: PathBuf,
    _child: Child,
    _folder: TempDir,
}

impl SmtpServer {
    /// Starts one.
    pub async fn start(mode: SmtpMode) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("messages");
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM"]).arg(tool("python")).arg(SCRIPT).arg(&file);
        command.args(match mode {
            SmtpMode::Accept => &["accept"][..],
            SmtpMode::Refuse => &["refuse"],
            SmtpMode::Busy => &["busy"],
            SmtpMode::Authenticate => &["accept", "ward", "secret"],
        });
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("a process");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let port = lines.next_line().await.expect("text").expect("aiosmtpd is missing: run `cargo xtask setup`");
        Self { port: port.parse().expect("a port"), file, _child: child, _folder: folder }
    }

    /// Its URL, without encryption.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// The messages it took: `helo`, `from`, `to` and `data` of each.
    pub fn received(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}
