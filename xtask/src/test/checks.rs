//! The checks that aren't Rust; each counts as one test.

use std::fs;
use std::time::Duration;

use crate::run::{Failure, Result, command, run, wait};
use crate::setup;
use crate::workspace::{python_tools, target};

use super::dev_server::DevServer;
use super::tally::Tally;

/// How long the walk through the page may take.
const BROWSER_LIMIT: Duration = Duration::from_mins(3);

/// Runs the checks, or those whose name holds the filter.
pub fn all(filter: Option<&str>, tally: &mut Tally) {
    let checks = [
        ("web: the page's types and build", web_build as fn() -> Result),
        ("web: the page's unit tests", web_tests),
        ("browser: the whole path against `ward dev`, which stops cleanly", browser),
        ("sam validate: template.yaml", sam_validate),
        ("cfn-lint: template.yaml", cfn_lint),
    ];
    for (name, check) in checks {
        if filter.is_none_or(|text| name.contains(text)) {
            tally.check(name, check);
        }
    }
}

fn web_build() -> Result {
    run(command("npm", &["run", "--silent", "build", "--prefix", "web"]))
}

fn web_tests() -> Result {
    run(command("npm", &["run", "--silent", "test", "--prefix", "web"]))
}

fn browser() -> Result {
    let chromium = setup::chromium().ok_or_else(|| Failure("no Chromium; run `cargo xtask setup`".into()))?;
    let screenshots = target("screenshots");
    fs::create_dir_all(&screenshots).map_err(|error| Failure(format!("{}: {error}", screenshots.display())))?;
    let mut server = DevServer::start()?;
    server.wait_until_ready()?;
    let mut walk = command("node", &["tests/browser/first-light.mjs"]);
    walk.env("BASE_URL", server.url()).env("OUTPUT_DIR", screenshots).env("CHROMIUM", chromium);
    let mut walk = walk.spawn().map_err(|error| Failure(format!("node: {error}")))?;
    let walked = wait(&mut walk, "first-light.mjs", BROWSER_LIMIT);
    let stopped = server.stop();
    walked.and(stopped)
}

fn sam_validate() -> Result {
    let mut sam = command(python_tools().join("sam"), &["validate", "--lint", "--template", "template.yaml"]);
    // Nothing is asked of AWS: the region only decides which resource types exist.
    sam.env("AWS_DEFAULT_REGION", "us-east-1").env("SAM_CLI_TELEMETRY", "0");
    run(sam)
}

fn cfn_lint() -> Result {
    run(command(python_tools().join("cfn-lint"), &["--regions", "us-east-1", "--", "template.yaml"]))
}
