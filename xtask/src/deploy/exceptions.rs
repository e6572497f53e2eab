//! infra/exceptions.toml: what a check finds and stays so, each with its reason; and how many checks passed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::Deserialize;

use crate::run::{Failure, Result};
use crate::workspace::{path, read};

use super::findings::{Finding, Findings};

const FILE: &str = "infra/exceptions.toml";
/// Where the counts begin, which a command writes.
const COUNTS: &str =
    "# How many checks of checkov passed; `cargo xtask deploy-check --write-counts` writes what follows.";
/// The tools whose findings may be excused here, and the tests of tests/deploy that ask the file themselves.
const HERE: [&str; 2] = ["cfn-lint", "checkov"];
const IN_TESTS: [&str; 7] = ["cfn-guard", "table", "everyone", "service", "wildcard", "actions", "account"];

/// An exception.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    tool: String,
    check: String,
    file: Option<String>,
    resources: Vec<String>,
    reason: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    exception: Vec<Exception>,
    #[serde(default)]
    passed: BTreeMap<String, u64>,
}

/// The exceptions, and which of them were met.
pub struct Exceptions {
    file: File,
    met: RefCell<BTreeSet<(usize, String)>>,
}

impl Exceptions {
    /// Those of the repository.
    pub fn read() -> Result<Self> {
        Self::parse(&read(FILE)?)
    }

    fn parse(text: &str) -> Result<Self> {
        let file = toml::from_str(text).map_err(|error| Failure(format!("{FILE}: {error}")))?;
        Ok(Self { file, met: RefCell::default() })
    }

    /// What a tool found and nothing excuses.
    pub fn judge(&self, findings: &Findings) -> Vec<String> {
        let found = findings.found.iter().filter(|finding| !self.excuses(finding));
        found.map(|it| format!("{} {} {} {}: {}", it.tool, it.check, it.file, it.resource, it.message)).collect()
    }

    fn excuses(&self, finding: &Finding) -> bool {
        let fits = |exception: &Exception| {
            exception.tool == finding.tool
                && exception.check == finding.check
                && exception.file.as_ref().is_none_or(|file| *file == finding.file)
                && exception.resources.contains(&finding.resource)
        };
        let Some(index) = self.file.exception.iter().position(fits) else { return false };
        self.met.borrow_mut().insert((index, finding.resource.clone()));
        true
    }

    /// What is excused and was not found: it is mended, and its exception would excuse the next one.
    pub fn unmet(&self, tool: &str) -> Vec<String> {
        let met = self.met.borrow();
        let all = self.file.exception.iter().enumerate().filter(|(_, exception)| exception.tool == tool);
        let each = all.flat_map(|(index, it)| it.resources.iter().map(move |resource| (index, it, resource)));
        each.filter(|(index, _, resource)| !met.contains(&(*index, (*resource).clone())))
            .map(|(_, it, resource)| format!("{FILE} excuses {} of {resource}, which {tool} does not find", it.check))
            .collect()
    }

    /// Where another number of checks passed than the file says: one that vanished is seen.
    pub fn other_counts(&self, passed: &BTreeMap<String, u64>) -> Vec<String> {
        let files: BTreeSet<_> = passed.keys().chain(self.file.passed.keys()).collect();
        let differing = files.into_iter().filter(|file| passed.get(*file) != self.file.passed.get(*file));
        differing
            .map(|file| {
                let count = |counts: &BTreeMap<String, u64>| counts.get(file).copied().unwrap_or_default();
                let (now, then) = (count(passed), count(&self.file.passed));
                format!(
                    "{file}: {now} checks passed, not {then}; if that is meant: cargo xtask deploy-check --write-counts"
                )
            })
            .collect()
    }

    /// Exceptions of no tool, or without a reason that says something.
    pub fn unknown(&self) -> Vec<String> {
        let wrong = self.file.exception.iter().filter(|it| {
            let known = HERE.contains(&it.tool.as_str()) || IN_TESTS.contains(&it.tool.as_str());
            !known || it.reason.len() < 20 || it.resources.is_empty()
        });
        wrong.map(|it| format!("{FILE}: {} {} needs a known tool, resources and a reason", it.tool, it.check)).collect()
    }
}

/// Writes how many checks passed into the file, in place of what stood there.
pub fn write_counts(passed: &BTreeMap<String, u64>) -> Result {
    let text = read(FILE)?;
    let before = text.split(COUNTS).next().unwrap_or_default().trim_end();
    let lines: Vec<_> = passed.iter().map(|(file, count)| format!("\"{file}\" = {count}\n")).collect();
    let text = format!("{before}\n\n{COUNTS}\n[passed]\n{}", lines.concat());
    fs::write(path(FILE), text.trim_start()).map_err(|error| Failure(format!("{FILE}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        [[exception]]
        tool = "checkov"
        check = "CKV_1"
        resources = ["Logs", "Gone"]
        reason = "S3 delivers its logs under no key of ours"

        [passed]
        "a.yaml" = 2
        "b.yaml" = 3
    "#;

    fn finding(check: &str, resource: &str) -> Finding {
        let (file, message) = ("infra/a.yaml".into(), "m".into());
        Finding { tool: "checkov", check: check.into(), file, resource: resource.into(), message }
    }

    #[test]
    fn what_is_excused_is_not_told_and_what_is_not_found_any_more_is() {
        let exceptions = Exceptions::parse(TEXT).unwrap();
        let found = vec![finding("CKV_1", "Logs"), finding("CKV_1", "Other"), finding("CKV_2", "Logs")];
        let told = exceptions.judge(&Findings { found, ..Findings::default() });
        assert_eq!(told.len(), 2, "{told:?}");
        let unmet = exceptions.unmet("checkov");
        assert!(unmet.len() == 1 && unmet[0].contains("Gone"), "{unmet:?}");
        assert!(exceptions.unmet("cfn-lint").is_empty());
    }

    #[test]
    fn a_check_that_vanished_is_seen_and_so_is_a_file() {
        let exceptions = Exceptions::parse(TEXT).unwrap();
        let passed = |counts: &[(&str, u64)]| counts.iter().map(|(file, count)| ((*file).to_owned(), *count)).collect();
        assert!(exceptions.other_counts(&passed(&[("a.yaml", 2), ("b.yaml", 3)])).is_empty());
        assert_eq!(exceptions.other_counts(&passed(&[("a.yaml", 1), ("b.yaml", 3)])).len(), 1);
        assert_eq!(exceptions.other_counts(&passed(&[("a.yaml", 2), ("c.yaml", 0)])).len(), 2);
    }

    #[test]
    fn an_exception_has_a_tool_and_a_reason() {
        assert!(Exceptions::parse(TEXT).unwrap().unknown().is_empty());
        let nameless = TEXT.replace("checkov", "nobody");
        assert_eq!(Exceptions::parse(&nameless).unwrap().unknown().len(), 1);
    }
}
