//! The templates fit each other: nothing is missing, nothing is left over.

use std::collections::{BTreeMap, BTreeSet};

use deploy_tests::{Environment, Templates, references, source, text};

use crate::environments::{self, Wrong, nothing_wrong};

#[test]
fn there_are_three_environments() {
    let names: Vec<_> = environments::all().iter().map(|(environment, _)| environment.name.as_str()).collect();
    assert_eq!(names, ["dev", "prod", "staging"]);
}

#[test]
fn every_reference_of_every_environment_leads_somewhere() {
    let mut wrong = Wrong::default();
    for (environment, stack) in environments::all() {
        for problem in &stack.problems {
            wrong.add(&environment.name, problem.clone());
        }
    }
    wrong.none();
}

/// A value that a parameter may have is one that somebody chooses.
#[test]
fn every_reference_leads_somewhere_with_each_value_a_parameter_may_have() {
    let (mut wrong, prod) = (Wrong::default(), Environment::of("prod"));
    let known = prod.evaluate().problems;
    for (name, parameter) in Templates::get().root("prod").section("Parameters") {
        for value in parameter["AllowedValues"].as_array().into_iter().flatten().map(text) {
            let problems = prod.clone().with(name, &value).evaluate().problems.into_iter();
            // A rule that refuses a combination says so before anything is made.
            for problem in problems.filter(|problem| !problem.contains(": the rule ") && !known.contains(problem)) {
                wrong.add(&format!("{name}={value}"), problem);
            }
        }
    }
    wrong.none();
}

#[test]
fn every_parameter_condition_and_mapping_is_used() {
    let templates = Templates::get();
    let mut wrong = Vec::new();
    // What the transform reads is gone after it.
    let before = source("template.yaml");
    for template in templates.nested().chain([templates.root("prod")]) {
        let mut used = references(template);
        if template.path == "template.yaml" {
            let parameters = template.section("Parameters").keys();
            used.names.extend(parameters.filter(|name| before.contains(&format!("!Ref {name}"))).cloned());
        }
        let sections = [("Parameters", &used.names), ("Conditions", &used.conditions), ("Mappings", &used.mappings)];
        for (section, used) in sections {
            let unused = template.section(section).keys().filter(|name| !used.contains(*name));
            wrong.extend(unused.map(|name| format!("{}: nothing uses {name} of {section}", template.path)));
        }
    }
    nothing_wrong(wrong);
}

#[test]
fn every_nested_template_is_deployed_and_every_output_of_it_is_used() {
    let templates = Templates::get();
    let root = templates.root("prod");
    let mut deployed: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let used = references(root).attributes;
    for (name, resource) in root.section("Resources") {
        if let Some(template) = templates.at(&text(&resource["Properties"]["TemplateURL"])) {
            let outputs = used.iter().filter(|(stack, _)| stack == name);
            let outputs = outputs.filter_map(|(_, attribute)| attribute.strip_prefix("Outputs.").map(str::to_owned));
            deployed.entry(&template.path).or_default().extend(outputs);
        }
    }
    let mut wrong = Vec::new();
    for template in templates.nested() {
        let Some(used) = deployed.get(template.path.as_str()) else {
            wrong.push(format!("template.yaml does not deploy {}", template.path));
            continue;
        };
        let unused = template.section("Outputs").keys().filter(|name| !used.contains(*name));
        wrong.extend(unused.map(|name| format!("{}: nothing uses the output {name}", template.path)));
    }
    nothing_wrong(wrong);
}

#[test]
fn everything_is_described() {
    let templates = Templates::get();
    let mut wrong = Vec::new();
    for template in templates.nested().chain([templates.root("prod")]) {
        for section in ["Parameters", "Outputs"] {
            let bare = template.section(section).iter().filter(|(_, part)| part["Description"].as_str().is_none());
            wrong.extend(bare.map(|(name, _)| format!("{}: {name} of {section} has no description", template.path)));
        }
    }
    nothing_wrong(wrong);
}
