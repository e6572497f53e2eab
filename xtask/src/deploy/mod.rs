//! `cargo xtask deploy-check`: what is deployed, judged before it is, without AWS.

mod cfn_lint;
mod checkov;
mod exceptions;
mod findings;

use std::fs;

use crate::run::{Failure, Result, cargo, command, run};
use crate::setup;
use crate::test::Tally;
use crate::workspace::{path, python_tools, target};

use exceptions::Exceptions;

/// What the SAM transform makes of template.yaml, below target/.
const RESULT: &str = "deploy/prod/template.json";

/// Sets up, runs the checks, and prints the count as the last line.
pub fn all(write_counts: bool) -> Result {
    setup::for_deployment()?;
    if write_counts {
        transform()?;
        return exceptions::write_counts(&checkov::run(&templates()?)?.passed);
    }
    let mut tally = Tally::default();
    checks(None, &mut tally);
    tally.check("deploy: the tests of the evaluated stacks", tests);
    tally.report();
    if tally.failed() == 0 { Ok(()) } else { Err(Failure::told()) }
}

/// Runs the checks, or those whose name holds the filter; the tests of the stacks are cargo's.
pub fn checks(filter: Option<&str>, tally: &mut Tally) {
    let checks = [
        ("deploy: sam validate of template.yaml", sam_validate as fn() -> Result),
        ("deploy: the SAM transform of template.yaml", transform),
        ("deploy: cfn-lint of the transformed template and infra/", lint),
        ("deploy: checkov of the transformed template and infra/", security),
        ("deploy: infra/exceptions.toml excuses nothing but what these find", known),
    ];
    for (name, check) in checks {
        if filter.is_none_or(|text| name.contains(text)) {
            tally.check(name, check);
        }
    }
}

fn sam_validate() -> Result {
    let mut sam = command(python_tools().join("sam"), &["validate", "--lint", "--template", "template.yaml"]);
    // Nothing is asked of AWS: the region only decides which resource types exist.
    sam.env("AWS_DEFAULT_REGION", "us-east-1").env("SAM_CLI_TELEMETRY", "0");
    run(sam)
}

/// Rules look at the types CloudFormation knows: of a function before its transform they see nothing.
fn transform() -> Result {
    let folder = target("deploy");
    fs::remove_dir_all(&folder).ok();
    let mut transform = command(python_tools().join("python"), &["xtask/src/deploy/transform.py", "."]);
    transform.arg(&folder);
    run(transform)
}

fn lint() -> Result {
    let exceptions = Exceptions::read()?;
    let mut wrong = Vec::new();
    for template in templates()? {
        wrong.extend(exceptions.judge(&cfn_lint::run(&template)?));
    }
    wrong.extend(exceptions.unmet("cfn-lint"));
    none(&wrong)
}

fn security() -> Result {
    let exceptions = Exceptions::read()?;
    let findings = checkov::run(&templates()?)?;
    let mut wrong = exceptions.judge(&findings);
    wrong.extend(exceptions.unmet("checkov"));
    wrong.extend(exceptions.other_counts(&findings.passed));
    none(&wrong)
}

fn known() -> Result {
    none(&Exceptions::read()?.unknown())
}

fn tests() -> Result {
    let mut tests = cargo(&["test", "-p", "deploy-tests"]);
    tests.env("WARD_TEST_TOOLS", python_tools());
    run(tests)
}

/// The transformed template, and the nested ones as they stand: those need no transform.
fn templates() -> Result<Vec<String>> {
    let result = target(RESULT);
    if !result.exists() {
        transform()?;
    }
    let entries = fs::read_dir(path("infra")).map_err(|error| Failure(format!("infra: {error}")))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut nested: Vec<_> = names
        .filter(|name| std::path::Path::new(name).extension().is_some_and(|it| it == "yaml"))
        .map(|name| format!("infra/{name}"))
        .collect();
    nested.sort();
    nested.insert(0, result.display().to_string());
    Ok(nested)
}

fn none(wrong: &[String]) -> Result {
    if wrong.is_empty() { Ok(()) } else { Err(Failure(format!("{} are wrong:\n{}", wrong.len(), wrong.join("\n")))) }
}
