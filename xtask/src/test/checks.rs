//! The checks that aren't Rust; each counts as one test.

use crate::run::{Result, command, run};

use super::tally::Tally;

/// Runs the checks, or those whose name holds the filter.
pub fn all(filter: Option<&str>, tally: &mut Tally) {
    let checks =
        [("web: the page's types and build", web_build as fn() -> Result), ("web: the page's unit tests", web_tests)];
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
