//! The checks that aren't Rust; each counts as one test.

use crate::run::{Result, command, run};
use crate::workspace::python_tools;

use super::tally::Tally;

/// Runs the checks, or those whose name holds the filter.
pub fn all(filter: Option<&str>, tally: &mut Tally) {
    let checks = [
        ("web: the page's types and build", web_build as fn() -> Result),
        ("web: the page's unit tests", web_tests),
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

fn sam_validate() -> Result {
    let mut sam = command(python_tools().join("sam"), &["validate", "--lint", "--template", "template.yaml"]);
    // Nothing is asked of AWS: the region only decides which resource types exist.
    sam.env("AWS_DEFAULT_REGION", "us-east-1").env("SAM_CLI_TELEMETRY", "0");
    run(sam)
}

fn cfn_lint() -> Result {
    run(command(python_tools().join("cfn-lint"), &["--regions", "us-east-1", "--", "template.yaml"]))
}
