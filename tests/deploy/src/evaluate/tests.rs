//! Small templates whose outcome CloudFormation's documentation tells.

use serde_json::{Value, json};

use super::*;

fn environment(parameters: &[(&str, &str)]) -> Environment {
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Environment { name: "dev".into(), parameters }
}

fn stack(root: &Value, parameters: &[(&str, &str)], nested: &[(&str, &str)]) -> Stack {
    environment(parameters).evaluate_in(&Templates::new("dev", &root.to_string(), nested))
}

/// What an expression is in a template with a few parameters and conditions.
fn value(expression: &Value) -> (Value, Vec<String>) {
    let root = json!({
        "Parameters": {
            "Env": {"Type": "String"},
            "Zones": {"Type": "Number", "Default": 2, "MinValue": 2},
            "Names": {"Type": "CommaDelimitedList", "Default": "a, b"},
        },
        "Mappings": {"Classes": {"small": {"Connections": 80}}},
        "Conditions": {
            "Prod": {"Fn::Equals": [{"Ref": "Env"}, "prod"]},
            "Dev": {"Fn::Not": [{"Condition": "Prod"}]},
        },
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket"},
            "Key": {"Type": "AWS::KMS::Key"},
            "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": {"Fn::Sub": "/ward/${Env}"}}},
            "Extra": {"Type": "AWS::S3::Bucket", "Condition": "Prod"},
        },
        "Outputs": {"It": {"Value": expression}},
    });
    let mut stack = stack(&root, &[("Env", "dev")], &[]);
    (stack.outputs.remove("It").unwrap_or_default(), stack.problems)
}

#[test]
fn functions_are_evaluated() {
    let cases = [
        (json!({"Ref": "Zones"}), json!(2)),
        (json!({"Ref": "Names"}), json!(["a", "b"])),
        (json!({"Fn::If": ["Dev", "yes", "no"]}), json!("yes")),
        (json!([1, {"Fn::If": ["Prod", 2, {"Ref": "AWS::NoValue"}]}]), json!([1])),
        (json!({"Fn::Join": ["-", {"Ref": "Names"}]}), json!("a-b")),
        (json!({"Fn::Select": ["1", {"Fn::Split": [",", "x,y"]}]}), json!("y")),
        (json!({"Fn::FindInMap": ["Classes", "small", "Connections"]}), json!(80)),
        (json!({"Fn::Sub": "${Env}/${!Literal}/${Bucket.Arn}/*"}), json!("dev/${Literal}/arn:aws:s3:::${Bucket}/*")),
        (json!({"Fn::Sub": ["${A}${Env}", {"A": {"Ref": "Zones"}}]}), json!("2dev")),
        (json!({"Fn::GetAtt": ["Logs", "Arn"]}), json!("arn:aws:logs:us-east-1:123456789012:log-group:/ward/dev:*")),
        (json!({"Fn::GetAtt": ["Key", "Arn"]}), json!("arn:aws:kms:us-east-1:123456789012:key/${Key}")),
    ];
    for (expression, expected) in cases {
        assert_eq!(value(&expression), (expected, vec![]), "{expression}");
    }
}

#[test]
fn what_would_fail_a_deployment_is_told() {
    let cases = [
        (json!({"Ref": "Nobody"}), "Nobody is referred to and is not there"),
        (json!({"Ref": "Extra"}), "Extra is referred to and has a condition that does not hold"),
        (json!({"Fn::Select": [5, {"Ref": "Names"}]}), "Fn::Select"),
        (json!({"Fn::FindInMap": ["Classes", "large", "Connections"]}), "no Classes.large.Connections"),
        (json!({"Fn::If": ["Never", 1, 2]}), "no condition Never"),
        (json!({"Fn::Sub": "${Names}"}), "list Names"),
    ];
    for (expression, expected) in cases {
        let (_, problems) = value(&expression);
        assert!(problems.len() == 1 && problems[0].contains(expected), "{expression}: {problems:?}");
    }
}

#[test]
fn values_go_into_nested_stacks_and_come_out_of_them() {
    let root = json!({"Resources": {
        "First": {"Type": "AWS::CloudFormation::Stack", "Properties": {
            "TemplateURL": "https://s3.amazonaws.com/packaged/infra/one.yaml", "Parameters": {"Name": "one"}}},
        "Second": {"Type": "AWS::CloudFormation::Stack", "Properties": {
            "TemplateURL": "https://s3.amazonaws.com/packaged/infra/one.yaml",
            "Parameters": {"Name": {"Fn::GetAtt": ["First", "Outputs.Echo"]}, "Other": "x"}}},
    }, "Outputs": {
        "Echo": {"Value": {"Fn::GetAtt": ["Second", "Outputs.Echo"]}},
        "Missing": {"Value": {"Fn::GetAtt": ["Second", "Outputs.Nothing"]}},
    }});
    let one = json!({
        "Parameters": {"Name": {"Type": "String"}},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Name"}}}},
        "Outputs": {"Echo": {"Value": {"Fn::Sub": "${Name}!"}}},
    });
    let stack = stack(&root, &[], &[("infra/one.yaml", &one.to_string())]);
    assert_eq!(stack.outputs["Echo"], "one!!");
    assert_eq!(stack.resource("Second/Topic").unwrap().property("TopicName"), "one!");
    let problems = stack.problems.join("\n");
    assert!(problems.contains("(Second): the parameter Other is given"), "{problems}");
    assert!(problems.contains("Second has no output Nothing"), "{problems}");
    assert_eq!(stack.problems.len(), 2, "{problems}");
}

#[test]
fn parameters_and_rules_are_held_to_what_the_template_says() {
    let root = json!({
        "Parameters": {
            "Env": {"Type": "String", "AllowedValues": ["dev", "prod"]},
            "Days": {"Type": "Number", "MinValue": 2192},
            "Name": {"Type": "String", "AllowedPattern": "[a-z]+"},
            "Given": {"Type": "String"},
        },
        "Rules": {"Long": {
            "RuleCondition": {"Fn::Equals": [{"Ref": "Env"}, "test"]},
            "Assertions": [{"Assert": {"Fn::Contains": [["ward"], {"Ref": "Name"}]}, "AssertDescription": "not ward"}],
        }},
        "Resources": {},
    });
    let problems = stack(&root, &[("Env", "test"), ("Days", "30"), ("Name", "a1"), ("Else", "")], &[]).problems;
    for expected in
        ["Env may not be", "Days is `30`", "Name is `a1`", "Given has no default", "Else is given", "not ward"]
    {
        assert_eq!(problems.iter().filter(|problem| problem.contains(expected)).count(), 1, "{expected}: {problems:?}");
    }
    assert_eq!(problems.len(), 6, "{problems:?}");
    assert!(stack(&root, &[("Env", "dev"), ("Days", "3653"), ("Name", "a"), ("Given", "")], &[]).problems.is_empty());
}
