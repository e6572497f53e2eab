//! `ward dev` as a developer would start it: on a data folder of its own, stopped by Ctrl-C.

use std::collections::HashSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, id};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::run::{Failure, Result, command, run, wait};
use crate::workspace::target;

use super::fake_github::FakeGithub;

/// First start: the database cluster is made, too.
const READY_LIMIT: Duration = Duration::from_mins(1);
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// Settings of the developer's own shell that would put real parts in place of the local ones.
const REAL_PARTS: [&str; 8] = [
    "DATABASE_URL",
    "DATABASE_SECRET_ID",
    "REDIS_URL",
    "KMS_KEY_ID",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "GITHUB_REDIRECT_URI",
    "GITHUB_CLIENT_SECRET_SECRET_ID",
];

/// People are limited by their address, and the walks through the page all come from one.
const NO_LIMIT: (&str, &str) = ("WARD_LIMIT_ANONYMOUS", "10000");

/// What the hosts of a page and of its API end in. A browser takes names below `localhost` for this machine, two labels of
/// them for one site, and a secure cookie from there over HTTP.
pub const SITE: &str = "ward.localhost";

/// A running `ward dev`; killed if it is dropped before it was stopped.
pub struct DevServer {
    child: Child,
    port: u16,
    url: String,
    data: PathBuf,
    github: Option<FakeGithub>,
    stopped: bool,
}

impl DevServer {
    /// Starts it on a free port, with a GitHub to sign in with.
    pub fn start() -> Result<Self> {
        let port = free_port()?;
        // Chromium takes a secure cookie over HTTP from `localhost` only.
        let url = format!("http://localhost:{port}");
        let github = FakeGithub::start(&url)?;
        let settings = github.settings().to_vec();
        Self::launch(port, url, &settings, Some(github))
    }

    /// Starts it as the API of a page at another host of [`SITE`].
    pub fn start_for(page: &str) -> Result<Self> {
        let port = free_port()?;
        let settings = [("WARD_ORIGINS", page), ("WARD_RP_ID", SITE)].map(|(name, value)| (name.into(), value.into()));
        Self::launch(port, format!("http://api.{SITE}:{port}"), &settings, None)
    }

    fn launch(port: u16, url: String, settings: &[(String, String)], github: Option<FakeGithub>) -> Result<Self> {
        let data = std::env::temp_dir().join(format!("ward-xtask-{}-{port}", id()));
        let mut ward = command(target("debug/ward"), &["dev", "--port", &port.to_string(), "--data-dir"]);
        ward.arg(&data).env(NO_LIMIT.0, NO_LIMIT.1);
        ward.envs(settings.iter().cloned());
        for setting in REAL_PARTS {
            ward.env_remove(setting);
        }
        let child = ward.spawn().map_err(|error| Failure(format!("ward: {error}")))?;
        Ok(Self { child, port, url, data, github, stopped: false })
    }

    /// Where it answers.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The file of settings by which `ward user` finds its database.
    pub fn env_file(&self) -> PathBuf {
        self.data.join("env")
    }

    /// The settings of the GitHub it signs in with, if it has one.
    pub fn github(&self) -> &[(String, String)] {
        self.github.as_ref().map_or(&[], FakeGithub::settings)
    }

    /// Waits until `/health` says that everything is up.
    pub fn wait_until_ready(&mut self) -> Result {
        let start = Instant::now();
        while !self.healthy() {
            if let Ok(Some(status)) = self.child.try_wait() {
                self.stopped = true;
                return Err(Failure(format!("`ward dev` ended before it was ready ({status})")));
            }
            if start.elapsed() > READY_LIMIT {
                return Err(Failure(format!("`ward dev` was not ready after {} s", READY_LIMIT.as_secs())));
            }
            sleep(Duration::from_millis(50));
        }
        println!("ward dev was ready after {:.1} s", start.elapsed().as_secs_f32());
        Ok(())
    }

    fn healthy(&self) -> bool {
        let ask = || -> std::io::Result<String> {
            let mut connection = TcpStream::connect(("127.0.0.1", self.port))?;
            connection.set_read_timeout(Some(Duration::from_secs(5)))?;
            write!(connection, "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
            let mut answer = String::new();
            connection.read_to_string(&mut answer)?;
            Ok(answer)
        };
        ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
    }

    /// Presses Ctrl-C, and checks that it ends well and that nothing it started is left.
    pub fn stop(mut self) -> Result {
        let started = descendants(self.child.id());
        let pid = self.child.id().to_string();
        run(command("kill", &["-INT", &pid]))?;
        let ended = wait(&mut self.child, "ward dev", STOP_LIMIT);
        self.stopped = true;
        ended?;
        let left: Vec<_> = started.into_iter().filter(Process::runs).map(|process| process.name).collect();
        if left.is_empty() { Ok(()) } else { Err(Failure(format!("`ward dev` left running: {}", left.join(", ")))) }
    }
}

impl Drop for DevServer {
    fn drop(&mut self) {
        if !self.stopped {
            // The check has failed by now, and that is what is reported.
            self.child.kill().and_then(|()| self.child.wait()).ok();
        }
        fs::remove_dir_all(&self.data).ok();
    }
}

/// A port that nothing listens on.
pub fn free_port() -> Result<u16> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| Failure(format!("no free port: {error}")))
}

/// A process as /proc shows it; a later process with the same id started at another time.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Process {
    id: u32,
    parent: u32,
    name: String,
    started: String,
}

impl Process {
    fn read(id: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name stands in parentheses and may hold blanks; the numbered fields follow it.
        let (head, fields) = stat.rsplit_once(") ")?;
        let fields: Vec<_> = fields.split(' ').collect();
        let alive = *fields.first()? != "Z";
        let name = head.split_once('(')?.1.to_owned();
        let (parent, started) = (fields.get(1)?.parse().ok()?, (*fields.get(19)?).to_owned());
        alive.then_some(Self { id, parent, name, started })
    }

    fn runs(&self) -> bool {
        Self::read(self.id).is_some_and(|now| now.started == self.started)
    }
}

/// Every process below this one.
fn descendants(root: u32) -> Vec<Process> {
    let ids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let all: Vec<_> =
        ids.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter_map(Process::read).collect();
    let mut family = HashSet::from([root]);
    let mut found = Vec::new();
    while let Some(child) = all.iter().find(|process| family.contains(&process.parent) && !family.contains(&process.id))
    {
        family.insert(child.id);
        found.push(child.clone());
    }
    found
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_child_is_found_while_it_runs_and_not_after() {
        let mut child = Command::new("sleep").arg("60").spawn().expect("sleep is on every machine");
        let found: Vec<_> = descendants(id()).into_iter().filter(|process| process.id == child.id()).collect();
        assert!(found.iter().all(Process::runs) && found.len() == 1, "the child is among the descendants");
        child.kill().and_then(|()| child.wait()).expect("the child can be stopped");
        assert!(!found.iter().any(Process::runs), "a stopped child doesn't run");
    }
}
