//! The small GitHub that the walks sign in with.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use crate::run::{Failure, Result, command};

const SCRIPT: &str = "tests/browser/fake-github.mjs";

/// A running one, on a port of its own; it ends when it is dropped.
pub struct FakeGithub {
    child: Child,
    settings: Vec<(String, String)>,
}

impl FakeGithub {
    /// Starts it for a `ward dev` at this address.
    pub fn start(ward: &str) -> Result<Self> {
        let mut node = command("node", &[SCRIPT]);
        node.env("REDIRECT_URI", format!("{ward}/api/auth/github/callback")).stdout(Stdio::piped());
        let child = node.spawn().map_err(|error| Failure(format!("node: {error}")))?;
        let mut github = Self { child, settings: Vec::new() };
        if let Some(lines) = github.child.stdout.take() {
            let lines = BufReader::new(lines).lines().map_while(std::result::Result::ok);
            github.settings = settings(lines);
        }
        if github.settings.is_empty() { Err(Failure(format!("{SCRIPT} did not start"))) } else { Ok(github) }
    }

    /// The settings of a `ward dev` that signs in with it.
    pub fn settings(&self) -> &[(String, String)] {
        &self.settings
    }
}

impl Drop for FakeGithub {
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).ok();
    }
}

/// `NAME=value` lines up to an empty one.
fn settings(lines: impl Iterator<Item = String>) -> Vec<(String, String)> {
    let told = lines.take_while(|line| !line.is_empty());
    told.filter_map(|line| line.split_once('=').map(|(name, value)| (name.into(), value.into()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_end_at_the_empty_line() {
        let lines = ["GITHUB_URL=http://127.0.0.1:1/?a=b", "", "X=1"].map(str::to_owned).into_iter();
        assert_eq!(settings(lines), [("GITHUB_URL".to_owned(), "http://127.0.0.1:1/?a=b".to_owned())]);
    }
}
