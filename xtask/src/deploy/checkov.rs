//! checkov, which knows what is unsafe.

use serde::Deserialize;

use crate::run::{Failure, Result, command};
use crate::workspace::checkov_tools;

use super::findings::{Finding, Findings, called, parse};

#[derive(Deserialize)]
struct Report {
    results: Results,
}

#[derive(Deserialize)]
struct Results {
    passed_checks: Vec<Check>,
    failed_checks: Vec<Check>,
    skipped_checks: Vec<Check>,
    parsing_errors: Vec<String>,
}

#[derive(Deserialize)]
struct Check {
    #[serde(rename = "check_id")]
    id: String,
    #[serde(rename = "check_name")]
    name: String,
    /// `AWS::S3::Bucket.Files`.
    resource: String,
    file_path: String,
}

/// Judges the templates. One that it can't read, or a check that something told it to skip, is a failure.
pub fn run(templates: &[String]) -> Result<Findings> {
    let quiet = ["--framework", "cloudformation", "--skip-download", "--compact", "--soft-fail", "--output", "json"];
    let mut checkov = command(checkov_tools().join("checkov"), &quiet);
    checkov.arg("--file").args(templates);
    let output = checkov.output().map_err(|error| Failure(format!("checkov: {error}")))?;
    if !output.status.success() {
        return Err(Failure(format!("checkov: {}", String::from_utf8_lossy(&output.stderr))));
    }
    judged(parse("checkov", &output.stdout)?, templates)
}

fn judged(report: Report, templates: &[String]) -> Result<Findings> {
    let Results { passed_checks, failed_checks, skipped_checks, parsing_errors } = report.results;
    if !parsing_errors.is_empty() {
        return Err(Failure(format!("checkov can't read {}", parsing_errors.join(", "))));
    }
    if let Some(skipped) = skipped_checks.first() {
        return Err(Failure(format!("{} is skipped for {}: a reason stands elsewhere", skipped.id, skipped.resource)));
    }
    let mut findings = Findings::default();
    for template in templates {
        findings.passed.insert(called(template), 0);
    }
    for check in passed_checks {
        *findings.passed.entry(called(&check.file_path)).or_default() += 1;
    }
    findings.found = failed_checks.into_iter().map(finding).collect();
    Ok(findings)
}

fn finding(check: Check) -> Finding {
    let resource = check.resource.rsplit_once('.').map_or(check.resource.as_str(), |(_, name)| name).to_owned();
    Finding { tool: "checkov", check: check.id, file: called(&check.file_path), resource, message: check.name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(part: &str) -> Result<Findings> {
        let check = r#"{"check_id": "CKV_1", "check_name": "n", "resource": "T.R", "file_path": "/infra/a.yaml"}"#;
        let list = |name: &str| if part == name { format!("[{check}]") } else { "[]".to_owned() };
        let errors = if part == "errors" { r#"["infra/a.yaml"]"# } else { "[]" };
        let text = format!(
            r#"{{"results": {{"passed_checks": {}, "failed_checks": {}, "skipped_checks": {}, "parsing_errors": {errors}}}}}"#,
            list("passed"),
            list("failed"),
            list("skipped"),
        );
        judged(parse("checkov", text.as_bytes())?, &["infra/a.yaml".to_owned(), "infra/b.yaml".to_owned()])
    }

    #[test]
    fn what_passed_is_counted_by_file() {
        let passed = report("passed").unwrap().passed;
        assert_eq!(passed.into_iter().collect::<Vec<_>>(), [("infra/a.yaml".into(), 1), ("infra/b.yaml".into(), 0)]);
    }

    #[test]
    fn what_failed_is_found_and_what_was_skipped_or_not_read_is_a_failure() {
        let found = report("failed").unwrap().found;
        assert_eq!((found[0].resource.as_str(), found[0].file.as_str()), ("R", "infra/a.yaml"));
        assert!(report("skipped").is_err() && report("errors").is_err());
    }
}
