//! `cargo test`, shown as it runs and counted.

use std::io::{BufRead, BufReader, IsTerminal, stdout};
use std::process::Stdio;

use crate::run::{Failure, Result, cargo};
use crate::workspace::python_tools;

use super::tally::Tally;

/// Runs the workspace's tests, or those whose name holds the filter.
pub fn all(filter: Option<&str>, tally: &mut Tally) -> Result {
    println!("\n== cargo test");
    let color = if stdout().is_terminal() { "--color=always" } else { "--color=never" };
    let mut tests = cargo(&["test", "--workspace", "--no-fail-fast", "--"]);
    tests.args(filter).arg(color).env("WARD_TEST_TOOLS", python_tools()).stdout(Stdio::piped());
    let mut tests = tests.spawn().map_err(|error| Failure(format!("cargo test: {error}")))?;
    let mut summary = Summary::default();
    if let Some(lines) = tests.stdout.take() {
        for line in BufReader::new(lines).lines().map_while(std::result::Result::ok) {
            println!("{line}");
            summary.read(&line);
        }
    }
    let status = tests.wait().map_err(|error| Failure(format!("cargo test: {error}")))?;
    summary.add_to(tally, status.success());
    Ok(())
}

/// What the test binaries' own last lines add up to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Summary {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Summary {
    /// Counts a line such as `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; ...`.
    fn read(&mut self, line: &str) {
        let Some((_, counts)) = line.split_once("test result: ") else {
            return;
        };
        for part in counts.split([';', '.']) {
            match part.trim().split_once(' ') {
                Some((count, "passed")) => self.passed += count.parse().unwrap_or(0),
                Some((count, "failed")) => self.failed += count.parse().unwrap_or(0),
                Some((count, "ignored")) => self.ignored += count.parse().unwrap_or(0),
                _ => {}
            }
        }
    }

    fn add_to(&self, tally: &mut Tally, succeeded: bool) {
        tally.pass(self.passed);
        if self.failed > 0 {
            tally.fail(self.failed, format!("{} of cargo test, named above", self.failed));
        }
        if self.ignored > 0 {
            tally.fail(self.ignored, format!("{} ignored: a test runs or is not there", self.ignored));
        }
        // A test binary that was killed prints no result.
        if !succeeded && self.failed == 0 {
            tally.fail(1, "cargo test ended badly, see above".into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Summary {
        let mut summary = Summary::default();
        for line in lines {
            summary.read(line);
        }
        summary
    }

    #[test]
    fn results_of_several_binaries_add_up() {
        let summary = read(&[
            "test guard::sets_headers ... ok",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: FAILED. 10 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 1s",
        ]);
        assert_eq!(summary, Summary { passed: 13, failed: 2, ignored: 1 });
    }

    #[test]
    fn colors_do_not_hide_a_result() {
        let line = "test result: \u{1b}[32mok\u{1b}(B\u{1b}[m. 7 passed; 0 failed; 0 ignored; 0 measured";
        assert_eq!(read(&[line]), Summary { passed: 7, failed: 0, ignored: 0 });
    }

    #[test]
    fn a_binary_that_was_killed_is_a_failure() {
        let mut tally = Tally::default();
        read(&["running 3 tests"]).add_to(&mut tally, false);
        assert_eq!(tally.failed(), 1);
    }

    #[test]
    fn an_ignored_test_is_a_failure() {
        let mut tally = Tally::default();
        read(&["test result: ok. 3 passed; 0 failed; 1 ignored"]).add_to(&mut tally, true);
        assert_eq!(tally.failed(), 1);
    }
}
