//! Programs of the machine: looked for first, then installed by apt.

use crate::run::{Failure, Result, command, output, run};
use crate::workspace::path;

use super::say;

/// The PostgreSQL versions Ward is tested with, the newest first.
const POSTGRES_VERSIONS: [&str; 5] = ["18", "17", "16", "15", "14"];
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A program the tests need from the machine.
#[derive(Clone, Copy)]
pub enum Part {
    /// A C compiler, which crates with C code need.
    Compiler,
    /// Node with npm, which build and walk the page.
    Node,
    /// PostgreSQL's server binaries, for private clusters.
    Postgres,
    /// Redis's server binary, for private caches.
    Redis,
    /// A Chromium that runs headless.
    Chromium,
    /// The OATH toolkit, which makes codes as authenticator apps do.
    Oathtool,
    /// The virus scanner's daemon, without signatures.
    Clamd,
    /// openssl, which makes the certificates of servers with TLS.
    Openssl,
    /// Python's venv module, which Debian packs apart from Python.
    PythonVenv,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Compiler => "C compiler",
            Self::Node => "Node",
            Self::Postgres => "PostgreSQL",
            Self::Redis => "Redis",
            Self::Chromium => "Chromium",
            Self::Oathtool => "oathtool",
            Self::Clamd => "clamd",
            Self::Openssl => "openssl",
            Self::PythonVenv => "Python venv",
        }
    }

    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Compiler => &["gcc", "libc6-dev"],
            Self::Node => &["nodejs", "npm"],
            Self::Postgres => &["postgresql"],
            Self::Redis => &["redis-server"],
            // Without a font the screenshots have no letters.
            Self::Chromium => &["chromium", "fonts-liberation"],
            Self::Oathtool => &["oathtool"],
            Self::Clamd => &["clamav-daemon"],
            Self::Openssl => &["openssl"],
            Self::PythonVenv => &["python3-venv"],
        }
    }

    /// Where the part is, or which it is.
    pub fn found(self) -> Option<String> {
        match self {
            Self::Compiler => which("cc"),
            Self::Node => which("npm").and(output(command("node", &["--version"]))),
            Self::Postgres => POSTGRES_VERSIONS
                .into_iter()
                .map(|version| format!("/usr/lib/postgresql/{version}/bin"))
                .find(|folder| path(folder).join("initdb").exists() && path(folder).join("postgres").exists()),
            Self::Redis => which("redis-server"),
            Self::Chromium => BROWSERS.into_iter().find_map(which),
            Self::Oathtool => which("oathtool"),
            Self::Clamd => which("clamd"),
            Self::Openssl => which("openssl"),
            Self::PythonVenv => output(command("python3", &["-c", "import ensurepip, venv; print('found')"])),
        }
    }
}

/// Finds the parts, and installs those that are missing in one go.
pub fn ensure(parts: &[Part]) -> Result {
    let mut missing = Vec::new();
    for part in parts {
        match part.found() {
            Some(found) => say(part.name(), &found),
            None => missing.push(*part),
        }
    }
    if missing.is_empty() { Ok(()) } else { install(&missing) }
}

fn install(missing: &[Part]) -> Result {
    let packages: Vec<_> = missing.iter().flat_map(|part| part.packages()).copied().collect();
    let names: Vec<_> = missing.iter().map(|part| part.name()).collect();
    let (names, by_hand) = (names.join(", "), packages.join(" "));
    if which("apt-get").is_none() {
        return Err(Failure(format!(
            "{names} missing, and this machine has no apt-get; install what Debian calls: {by_hand}"
        )));
    }
    let root = output(command("id", &["-u"])).as_deref() == Some("0");
    let mut installer = if root {
        command("sh", &[])
    } else if output(command("sudo", &["-n", "true"])).is_some() {
        command("sudo", &["-n", "sh"])
    } else {
        return Err(Failure(format!(
            "{names} missing, and neither root nor passwordless sudo is at hand; run: sudo apt-get install {by_hand}"
        )));
    };
    for part in missing {
        say(part.name(), &format!("installing {} (its services stay off)", part.packages().join(" ")));
    }
    installer.arg(path("xtask/src/setup/apt-install.sh")).args(&packages);
    run(installer)?;
    match missing.iter().find(|part| part.found().is_none()) {
        None => Ok(()),
        Some(part) => Err(Failure(format!(
            "{} is still not found after: apt-get install {}",
            part.name(),
            part.packages().join(" ")
        ))),
    }
}

/// Where a program is on the PATH.
fn which(program: &str) -> Option<String> {
    output(command("sh", &["-c", "command -v \"$1\"", "sh", program]))
}
