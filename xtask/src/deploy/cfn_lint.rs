//! cfn-lint, which knows each type's properties.

use serde::Deserialize;
use serde_json::Value;

use crate::run::{Failure, Result, command};
use crate::workspace::python_tools;

use super::findings::{Finding, Findings, called, parse};

#[derive(Deserialize)]
struct Match {
    #[serde(rename = "Rule")]
    rule: Rule,
    #[serde(rename = "Location")]
    location: Location,
    #[serde(rename = "Message")]
    message: String,
}

#[derive(Deserialize)]
struct Rule {
    #[serde(rename = "Id")]
    id: String,
}

#[derive(Deserialize)]
struct Location {
    #[serde(rename = "Path")]
    path: Option<Vec<Value>>,
}

/// Lints a template; warnings count like errors.
pub fn run(template: &str) -> Result<Findings> {
    let lint = &["--format", "json", "--regions", "us-east-1", "--", template];
    let output = command(python_tools().join("cfn-lint"), lint).output();
    let output = output.map_err(|error| Failure(format!("cfn-lint: {error}")))?;
    let matches: Vec<Match> = parse("cfn-lint", &output.stdout)?;
    // It ends with success only where it found nothing.
    if matches.is_empty() != output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(Failure(format!("cfn-lint of {template} ended with {}: {said}", output.status)));
    }
    let found = matches.into_iter().map(|found| Finding {
        tool: "cfn-lint",
        check: found.rule.id,
        file: called(template),
        resource: resource(&found.location.path.unwrap_or_default()),
        message: found.message,
    });
    Ok(Findings { found: found.collect(), ..Findings::default() })
}

fn resource(path: &[Value]) -> String {
    let names: Vec<_> = path.iter().filter_map(Value::as_str).take(2).collect();
    match names.as_slice() {
        ["Resources", name] => (*name).to_owned(),
        names => names.join("/"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_finding_belongs_to_a_resource_or_to_another_section() {
        assert_eq!(resource(&[json!("Resources"), json!("Api"), json!("Properties"), json!(1)]), "Api");
        assert_eq!(resource(&[json!("Parameters"), json!("Origins")]), "Parameters/Origins");
        assert_eq!(resource(&[]), "");
    }
}
