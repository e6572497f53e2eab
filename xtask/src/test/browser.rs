//! The walks through the page in a real browser, one after the other, against one `ward dev`; and one with the page on a
//! host of its own.

use std::path::Path;
use std::time::Duration;

use crate::run::{Failure, Result, command, wait};
use crate::setup;
use crate::workspace::target;

use super::dev_server::{DevServer, SITE, free_port};
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

const TWO_HOSTS: &str = "browser: a page whose API has another host of its site";

/// Runs the walks, or those whose name holds the filter.
pub fn all(filter: Option<&str>, tally: &mut Tally) {
    let is_wanted = |name: &str| filter.is_none_or(|text| name.contains(text));
    on_one_host(&WALKS.iter().filter(|(name, _)| is_wanted(name)).collect::<Vec<_>>(), tally);
    if is_wanted(TWO_HOSTS) {
        tally.check(TWO_HOSTS, on_two_hosts);
    }
}

fn on_one_host(wanted: &[&(&str, &str)], tally: &mut Tally) {
    if wanted.is_empty() {
        return;
    }
    let mut walker = None;
    let started = tally.check("browser: `ward dev` starts", || {
        DevServer::start().and_then(Walker::with).map(|ready| walker = Some(ready))
    });
    let (true, Some(walker)) = (started, walker) else { return };
    for (name, file) in wanted {
        tally.check(name, || walker.walk(file, walker.server.url()));
    }
    tally.check(STOPS, || walker.server.stop());
}

/// The walk serves the page itself, built for this API.
fn on_two_hosts() -> Result {
    let page = format!("http://app.{SITE}:{}", free_port()?);
    let walker = Walker::with(DevServer::start_for(&page)?)?;
    walker.walk("two-hosts", &page)?;
    walker.server.stop()
}

struct Walker {
    server: DevServer,
    chromium: String,
}

impl Walker {
    fn with(mut server: DevServer) -> Result<Self> {
        let chromium = setup::chromium().ok_or_else(|| Failure("no Chromium; run `cargo xtask setup`".into()))?;
        server.wait_until_ready()?;
        Ok(Self { server, chromium })
    }

    fn walk(&self, name: &str, page: &str) -> Result {
        let script = Path::new("tests/browser").join(name).with_extension("mjs");
        let mut node = command("node", &[]);
        node.arg(script).env("BASE_URL", page).env("API_URL", self.server.url()).env("SITE", SITE);
        node.env("OUTPUT_DIR", target("screenshots"));
        node.env("WARD", target("debug/ward")).env("WARD_ENV_FILE", self.server.env_file());
        node.envs(self.server.github().iter().cloned());
        let mut node =
            node.env("CHROMIUM", &self.chromium).spawn().map_err(|error| Failure(format!("node: {error}")))?;
        wait(&mut node, name, LIMIT)
    }
}
