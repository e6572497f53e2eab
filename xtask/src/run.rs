//! Running other programs.

use std::ffi::OsStr;
use std::fmt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::workspace;

/// What went wrong, and what to do about it where that is known.
#[derive(Debug)]
pub struct Failure(pub String);

impl Failure {
    /// A failure whose story is on the screen already.
    pub fn told() -> Self {
        Self(String::new())
    }

    /// Whether there is nothing left to say.
    pub fn is_told(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The outcome of a chore.
pub type Result<T = ()> = std::result::Result<T, Failure>;

/// How the variables begin that cargo sets for the programs it runs.
const OF_THIS_PACKAGE: [&str; 5] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];

/// A command at the repository's root.
pub fn command(program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(workspace::root());
    command
}

/// Cargo, at the repository's root, in the environment a developer's own cargo would have.
///
/// The cargo that runs this program tells it of its package. Another cargo would take that for a change of the
/// environment that build scripts watch (ring's does), and build everything above them anew.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = command("cargo", arguments);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text == "CARGO" || OF_THIS_PACKAGE.iter().any(|prefix| text.starts_with(prefix)) {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// Prints the command, runs it, and fails unless it succeeds.
pub fn run(mut command: Command) -> Result {
    let line = line_of(&command);
    println!("$ {line}");
    let status = command.status().map_err(|error| Failure(format!("{line}: {error}")))?;
    succeeded(&line, status)
}

/// What the command prints, or nothing if it can't be run or fails.
pub fn output(mut command: Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// Waits for a child at most this long, then kills it.
pub fn wait(child: &mut Child, name: &str, limit: Duration) -> Result {
    let deadline = Instant::now() + limit;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return succeeded(name, status),
            Ok(None) if Instant::now() < deadline => sleep(Duration::from_millis(20)),
            Ok(None) => {
                // It may end by itself just now; either way it is gone after `wait`.
                child.kill().and_then(|()| child.wait()).ok();
                return Err(Failure(format!("{name} was still running after {} s", limit.as_secs())));
            }
            Err(error) => return Err(Failure(format!("{name}: {error}"))),
        }
    }
}

fn succeeded(name: &str, status: ExitStatus) -> Result {
    if status.success() { Ok(()) } else { Err(Failure(format!("`{name}` failed ({status})"))) }
}

fn line_of(command: &Command) -> String {
    let root = workspace::root();
    let words = [command.get_program()].into_iter().chain(command.get_args());
    let line: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    line.join(" ").replace(&format!("{}/", root.display()), "")
}
