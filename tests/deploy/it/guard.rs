//! AWS Control Tower's proactive rules, by CloudFormation Guard, on what each stack of production is made of.
//!
//! Guard compares values and follows no reference: of a template as it stands it judges `{"Ref": "..."}`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use deploy_tests::{Exceptions, Stack, root};
use regex_lite::{Captures, Regex};
use serde_json::{Map, Value, json};

use crate::environments::{self, nothing_wrong};

const PACKAGE: &str = "tests/guard/node_modules/@cdklabs/cdk-validator-cfnguard";
/// How many rules speak of a resource that production has, and are met; fewer would be rules that vanished.
const MET: usize = 50;

/// The program for this machine.
fn guard() -> PathBuf {
    let system = if cfg!(target_os = "macos") { "macos" } else { "ubuntu" };
    let program = root().join(PACKAGE).join("bin").join(system).join(std::env::consts::ARCH).join("cfn-guard");
    assert!(program.exists(), "{} is missing: run `cargo xtask setup`", program.display());
    program
}

/// A stack as a template without functions.
fn written_out(stack: &Stack) -> Value {
    let resources: Map<_, _> = stack
        .resources
        .iter()
        .map(|(name, resource)| {
            let mut body = typed(&resource.body);
            body["Type"] = json!(resource.kind);
            (name.clone(), body)
        })
        .collect();
    // What only AWS knows gets a name that AWS could give, for rules that read ARNs.
    let text = json!({ "Resources": resources }).to_string();
    let token = Regex::new(r"\$\{([^}]*)\}").expect("a pattern");
    let named = token.replace_all(&text, |found: &Captures<'_>| {
        found[1].to_lowercase().replace(|sign: char| !sign.is_ascii_alphanumeric(), "-")
    });
    serde_json::from_str(&named).expect("JSON still")
}

/// CloudFormation takes `"true"`, as parameters hand it over, for `true`; Guard does not.
fn typed(value: &Value) -> Value {
    match value {
        Value::String(text) if text == "true" => Value::Bool(true),
        Value::String(text) if text == "false" => Value::Bool(false),
        Value::Array(list) => list.iter().map(typed).collect(),
        // In a policy it is a text.
        Value::Object(map) if map.contains_key("Statement") => value.clone(),
        Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), typed(value))).collect(),
        other => other.clone(),
    }
}

/// What Guard says of the templates of a folder.
fn judge(folder: &Path) -> Vec<Value> {
    let rules = root().join(PACKAGE).join("rules/control-tower/cfn-guard");
    let mut guard = Command::new(guard());
    guard.args(["validate", "--structured", "--output-format", "json", "--show-summary", "none", "--rules"]);
    let output = guard.arg(rules).arg("--data").arg(folder).output().expect("cfn-guard runs");
    let said = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("cfn-guard: {error}: {said}"))
}

/// The resources that the findings of a rule name.
fn named(rule: &Value, found: &mut BTreeSet<String>) {
    match rule {
        Value::Array(list) => list.iter().for_each(|member| named(member, found)),
        Value::Object(map) => {
            if let Some(path) = map.get("path").and_then(Value::as_str)
                && let Some(resource) = path.strip_prefix("/Resources/").and_then(|rest| rest.split('/').next())
            {
                found.insert(resource.to_owned());
            }
            map.values().for_each(|member| named(member, found));
        }
        _ => {}
    }
}

#[test]
fn the_rules_of_aws_control_tower_are_met() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, prod) = environments::all().iter().find(|(environment, _)| environment.name == "prod").expect("prod");
    let mut stacks = BTreeMap::new();
    for (index, stack) in prod.stacks().into_iter().enumerate() {
        let file = format!("{index}.json");
        fs::write(folder.path().join(&file), written_out(stack).to_string()).expect("a file");
        stacks.insert(file, stack);
    }
    let reports = judge(folder.path());
    assert_eq!(reports.len(), stacks.len(), "a stack was not judged");
    let (exceptions, mut wrong, mut met) = (Exceptions::of("cfn-guard"), Vec::new(), BTreeSet::new());
    for report in &reports {
        let file = Path::new(report["name"].as_str().expect("a file")).file_name().and_then(|name| name.to_str());
        let stack = stacks[file.expect("a name")];
        met.extend(report["compliant"].as_array().into_iter().flatten().filter_map(Value::as_str));
        for finding in report["not_compliant"].as_array().into_iter().flatten() {
            let rule = finding["Rule"]["name"].as_str().expect("a rule");
            let mut resources = BTreeSet::new();
            named(finding, &mut resources);
            for resource in resources {
                let id = stack.resources.get(&resource).map_or(resource, |resource| resource.id.clone());
                if !exceptions.allow(rule, &id) {
                    wrong.push(format!("{rule}: {id}"));
                }
            }
        }
    }
    wrong.extend(exceptions.unmet());
    nothing_wrong(wrong);
    assert_eq!(met.len(), MET, "as many rules as were met before; now these are: {met:#?}");
}
