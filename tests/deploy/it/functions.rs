//! What every function of the template has.

use std::collections::BTreeMap;

use deploy_tests::{Function, Stack, find, text};
use regex_lite::Regex;

use crate::environments::{self, Wrong};

/// Functions that nobody calls over HTTP: one version, no canary.
const INVOKED: [&str; 3] = ["maintenance", "migrate", "ward"];
/// Settings of other services with such a word in their names, which are no secrets.
const HARMLESS: [&str; 2] = ["OPENAI_MODEL", "WARD_DAILY_TOKENS"];

/// Everything that is wrong in an environment, by a check of each function.
fn each(check: impl Fn(&Stack, &Function<'_>) -> Vec<String>) {
    let mut wrong = Wrong::default();
    for (environment, stack) in environments::all() {
        for function in stack.functions() {
            for what in check(stack, &function) {
                wrong.add(&environment.name, format!("{} {what}", function.binary));
            }
        }
    }
    wrong.none();
}

#[test]
fn each_has_a_role_of_its_own() {
    for (_, stack) in environments::all() {
        let mut owners = BTreeMap::new();
        for function in stack.functions() {
            let role = function.role(stack).id.clone();
            let before = owners.insert(role.clone(), function.binary.clone());
            assert_eq!(before, None, "{} shares {role}", function.binary);
        }
        assert!(owners.len() >= 7, "{owners:?}");
    }
}

#[test]
fn each_writes_into_a_log_of_its_own_that_is_encrypted_and_kept() {
    each(|stack, function| {
        let name = text(&function.resource.property("LoggingConfig")["LogGroup"]);
        let mut groups = stack.of_type("AWS::Logs::LogGroup");
        let group =
            groups.find(|group| text(group.property("LogGroupName")) == name || format!("${{{}}}", group.id) == name);
        match group {
            None => vec![format!("writes into {name:?}, which no stack makes")],
            Some(_) if !name.ends_with(&format!("/{}", function.binary)) && function.binary != "ward" => {
                vec![format!("writes into {name}, which is not called like it")]
            }
            Some(_) => Vec::new(),
        }
    });
}

#[test]
fn those_of_the_api_are_rolled_out_by_canary_behind_the_hook() {
    each(|stack, function| {
        let serves = stack.routes().iter().any(|route| route.function == function.binary);
        if INVOKED.contains(&function.binary.as_str()) {
            return if serves { vec!["is routed".to_owned()] } else { Vec::new() };
        }
        let mut aliases = stack.of_type("AWS::Lambda::Alias");
        let Some(alias) = aliases.find(|alias| text(alias.property("FunctionName")) == name(function)) else {
            return vec!["has no alias".to_owned()];
        };
        let update = &alias.body["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"];
        let hook = text(&update["BeforeAllowTrafficHook"]);
        let migrate = stack.function("migrate");
        let mut wrong = Vec::new();
        if !hook.contains(&name(&migrate)) {
            wrong.push(format!("has the hook {hook:?}, not migrate"));
        }
        let group = text(&update["DeploymentGroupName"]);
        let mut groups = stack.of_type("AWS::CodeDeploy::DeploymentGroup");
        if !groups.any(|resource| group == format!("${{{}}}", resource.id)) {
            wrong.push(format!("has the deployment group {group:?}"));
        }
        let permitted = stack.of_type("AWS::Lambda::Permission").any(|permission| {
            text(permission.property("FunctionName")).ends_with(&format!(":{}", text(alias.property("Name"))))
                && text(permission.property("FunctionName")).contains(&name(function))
        });
        if !permitted {
            wrong.push("may not be invoked by the API through its alias".to_owned());
        }
        wrong
    });
}

/// `CodeDeploy` takes any name; an alarm that is not there stops no rollout.
#[test]
fn the_alarms_that_stop_a_rollout_are_there() {
    let mut wrong = Wrong::default();
    for (environment, stack) in environments::all() {
        let alarms: Vec<_> =
            stack.of_type("AWS::CloudWatch::Alarm").map(|alarm| text(alarm.property("AlarmName"))).collect();
        for group in stack.of_type("AWS::CodeDeploy::DeploymentGroup") {
            let watched = find(&group.body, "Properties.AlarmConfiguration.Alarms[].Name").into_iter().map(text);
            for name in watched.filter(|name| !alarms.contains(name)) {
                wrong.add(&environment.name, format!("{} watches {name}, which no stack makes", group.id));
            }
        }
    }
    wrong.none();
}

#[test]
fn what_is_invoked_without_somebody_waiting_has_a_dead_letter_queue() {
    each(|stack, function| {
        if function.binary != "maintenance" {
            return Vec::new();
        }
        let queue = text(&function.resource.property("DeadLetterConfig")["TargetArn"]);
        let known = stack.of_type("AWS::SQS::Queue").any(|resource| queue.ends_with(&called(resource)));
        if known { Vec::new() } else { vec![format!("has the dead-letter queue {queue:?}")] }
    });
}

fn called(queue: &deploy_tests::Resource) -> String {
    let name = queue.property("QueueName");
    if name.is_null() { format!("${{{}}}", queue.id) } else { format!(":{}", text(name)) }
}

fn name(function: &Function<'_>) -> String {
    let name = function.resource.property("FunctionName");
    if name.is_null() { format!("${{{}}}", function.resource.id) } else { text(name) }
}

/// Whoever may read a function's configuration reads its environment.
#[test]
fn no_secret_stands_in_an_environment() {
    let secret = Regex::new("PASSWORD|PASSPHRASE|SECRET|TOKEN|KEY|CREDENTIAL|PRIVATE").expect("a pattern");
    let allowed = Regex::new("_SECRET_ID$|_KEY_IDS?$|_ARN$").expect("a pattern");
    let in_a_url = Regex::new("://[^/@]*:[^/@]*@").expect("a pattern");
    each(|_, function| {
        let mut wrong = Vec::new();
        for (name, value) in function.variables() {
            let reference = value.is_empty() || value.contains("arn:") || value.contains("${") || value.contains('/');
            let harmless = HARMLESS.contains(&name.as_str()) || (allowed.is_match(&name) && reference);
            if secret.is_match(&name) && !harmless {
                wrong.push(format!("is given {name}"));
            }
            if in_a_url.is_match(&value) || value.contains("resolve:secretsmanager") {
                wrong.push(format!("is given a password in {name}"));
            }
        }
        wrong
    });
}

/// Lambda takes 4 KB, and the names that begin with `AWS_LAMBDA_` but those it leaves to the code.
#[test]
fn lambda_takes_the_environment() {
    each(|_, function| {
        let size: usize = function.variables().iter().map(|(name, value)| name.len() + value.len()).sum();
        let reserved = ["AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "TZ"];
        let mut wrong: Vec<_> = function
            .variables()
            .into_keys()
            .filter(|name| reserved.contains(&name.as_str()))
            .map(|name| format!("is given {name}, which Lambda sets itself"))
            .collect();
        if size > 4096 {
            wrong.push(format!("has an environment of {size} bytes"));
        }
        wrong
    });
}
