//! A terminal of a test's own, at which a command asks and is answered.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Serialize;
use serde_json::{Value, json};

use super::services::tool;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/harness/terminal.py");

/// Ctrl-C, as a terminal takes it.
pub const CONTROL_C: &str = "\u{3}";

/// What became of a command at a terminal.
#[derive(Debug)]
pub struct Dialogue {
    /// Its exit status.
    pub status: i64,
    /// Everything the terminal showed: what was printed, and what was typed in the open.
    pub shown: String,
}

/// Runs a program at a terminal: waits for each text of the dialogue, then types what stands beside it.
pub fn at_a_terminal(
    program: &Path,
    arguments: &[&str],
    settings: &impl Serialize,
    dialogue: &[(&str, &str)],
) -> Dialogue {
    let command: Vec<_> = [program.to_str().expect("a path")].into_iter().chain(arguments.iter().copied()).collect();
    let order = json!({"command": command, "environment": settings, "dialogue": dialogue});
    let mut python = Command::new(tool("python"));
    python.arg(SCRIPT).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = python.spawn().expect("Python runs");
    child.stdin.take().expect("piped").write_all(order.to_string().as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let shown = said["shown"].as_str().expect("text").to_owned();
    Dialogue { status: said["status"].as_i64().expect("a number"), shown }
}
