//! The walks through the page in a real browser, one after the other, against one `ward dev`.

use std::path::Path;
use std::time::Duration;

use crate::run::{Failure, Result, command, wait};
use crate::setup;
use crate::workspace::target;

use super::dev_server::DevServer;
use super::tally::Tally;

/// How long one walk may take.
const LIMIT: Duration = Duration::from_mins(3);
const STOPS: &str = "browser: `ward dev` stops cleanly after the walks";
/// What a check is called, and the file in tests/browser.
const WALKS: [(&str, &str); 10] = [
    ("browser: the whole path from a passkey to an answer", "first-light"),
    ("browser: files, small and large", "files"),
    ("browser: passkeys, autofill and the Signal API", "passkeys"),
    ("browser: passwords, the second factor and recovery", "passwords"),
    ("browser: sessions, devices, API keys and step-up", "account"),
    ("browser: codes by SMS", "sms"),
    ("browser: GitHub", "github"),
    ("browser: users, from the first administrator on", "users"),
    ("browser: preferences in two browsers", "preferences"),
    ("browser: the access log, consents, deletion of the account", "own-account"),
];

/// Runs the walks, or those whose name holds the filter.
pub fn all(filter: Option<&str>, tally: &mut Tally) {
    let wanted: Vec<_> = WALKS.iter().filter(|(name, _)| filter.is_none_or(|text| name.contains(text))).collect();
    if wanted.is_empty() {
        return;
    }
    let mut walker = None;
    let started = tally.check("browser: `ward dev` starts", || Walker::start().map(|ready| walker = Some(ready)));
    let (true, Some(walker)) = (started, walker) else { return };
    for (name, file) in wanted {
        tally.check(name, || walker.walk(file));
    }
    tally.check(STOPS, || walker.server.stop());
}

struct Walker {
    server: DevServer,
    chromium: String,
}

impl Walker {
    fn start() -> Result<Self> {
        let chromium = setup::chromium().ok_or_else(|| Failure("no Chromium; run `cargo xtask setup`".into()))?;
        let mut server = DevServer::start()?;
        server.wait_until_ready()?;
        Ok(Self { server, chromium })
    }

    fn walk(&self, name: &str) -> Result {
        let script = Path::new("tests/browser").join(name).with_extension("mjs");
        let mut node = command("node", &[]);
        node.arg(script).env("BASE_URL", self.server.url()).env("OUTPUT_DIR", target("screenshots"));
        node.env("WARD", target("debug/ward")).env("WARD_ENV_FILE", self.server.env_file());
        node.envs(self.server.github().settings().iter().cloned());
        let mut node =
            node.env("CHROMIUM", &self.chromium).spawn().map_err(|error| Failure(format!("node: {error}")))?;
        wait(&mut node, name, LIMIT)
    }
}
