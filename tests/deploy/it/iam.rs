//! Each function may do what its code does, and nothing else.

use deploy_tests::{Effect, Environment, Function, Stack, Statement, text};

use crate::calls::{CALLS, FOR_SERVICES};
use crate::environments::{self, Wrong};

/// Variants in which settings that are off by default are on.
fn stacks() -> Vec<(String, Stack)> {
    let mut stacks: Vec<_> =
        environments::all().iter().map(|(environment, stack)| (environment.name.clone(), stack.clone())).collect();
    for (parameter, value) in [
        ("KmsSecondKeyArn", "arn:aws:kms:us-west-2:123456789012:key/second"),
        ("KmsOldKeyArns", "arn:aws:kms:us-east-1:123456789012:key/old"),
        ("SmsProviders", "sns"),
        ("EmailProviders", ""),
    ] {
        let stack = Environment::of("prod").with(parameter, value).evaluate();
        stacks.push((format!("prod with {parameter}={value}"), stack));
    }
    stacks
}

/// The resources that a variable, or a property of the function, names; nothing where it is not set.
fn named(function: &Function<'_>, on: &str) -> Vec<String> {
    if on.is_empty() {
        return vec![String::new()];
    }
    if let Some((variable, value)) = on.split_once('=') {
        let set = function.variables().get(variable).is_some_and(|set| set.split(',').any(|one| one.trim() == value));
        return if set { vec![String::new()] } else { Vec::new() };
    }
    if let Some(ending) = on.strip_prefix('*') {
        let variables = function.variables().into_iter().filter(|(name, _)| name.ends_with(ending));
        return variables.map(|(_, value)| value).filter(|value| !value.is_empty()).collect();
    }
    if on.starts_with(|sign: char| sign.is_uppercase()) && on.contains(char::is_lowercase) {
        let (property, part) = on.split_once('.').unwrap_or((on, ""));
        let value = function.resource.property(property);
        let value = if part.is_empty() { value } else { &value[part] };
        return match value {
            serde_json::Value::String(text) => vec![text.clone()],
            serde_json::Value::Null => Vec::new(),
            _ => vec![String::new()],
        };
    }
    let value = function.variables().remove(on).unwrap_or_default();
    // A list may say what each member is for: `auth=arn:...`.
    let members = value.split(',').map(|member| member.find("=arn:").map_or(member, |at| &member[at + 1..]));
    members.filter(|member| !member.is_empty()).map(str::to_owned).collect()
}

fn allows(statement: &Statement, action: &str, resource: &str) -> bool {
    let pattern = |pattern: &String| {
        pattern == action || pattern.strip_suffix('*').is_some_and(|start| action.starts_with(start))
    };
    statement.actions.iter().any(pattern) && statement.resources.iter().any(|name| covers(name, resource))
}

/// Whether a resource of a policy is the one that is named, which may be an ARN, a bucket or a secret's name.
fn covers(allowed: &str, named: &str) -> bool {
    let start = allowed.split('*').next().unwrap_or_default();
    allowed == "*"
        || allowed.contains(named)
        || (allowed.contains('*') && named.starts_with(start) && !start.is_empty())
        || (allowed.contains('*') && start.split_once(":secret:").is_some_and(|(_, start)| named.starts_with(start)))
}

/// A statement that only holds for what another service asks is no right of the code's.
fn via_service(statement: &Statement) -> bool {
    text(&statement.condition).contains("kms:ViaService")
}

fn allowed(stack: &Stack, function: &Function<'_>) -> Vec<Statement> {
    let statements = function.statements(stack).into_iter();
    statements.filter(|statement| statement.effect == Effect::Allow).collect()
}

#[test]
fn every_call_of_a_functions_code_is_allowed() {
    let mut wrong = Wrong::default();
    for (name, stack) in stacks() {
        for function in stack.functions() {
            let allowed = allowed(&stack, &function);
            for call in CALLS.iter().filter(|call| call.users.contains(&function.binary.as_str())) {
                for resource in named(&function, call.on) {
                    for action in call.actions {
                        let may = allowed.iter().any(|it| !via_service(it) && allows(it, action, &resource));
                        if !may {
                            wrong.add(&name, format!("{} may not {action} on {resource}", function.binary));
                        }
                    }
                }
            }
            for (action, on, users, _) in FOR_SERVICES {
                for resource in named(&function, on).iter().filter(|_| users.contains(&function.binary.as_str())) {
                    let key = *action == "kms:Decrypt" && on.starts_with("KMS_") || !action.starts_with("kms:");
                    if !allowed.iter().any(|it| allows(it, action, resource)) && key {
                        wrong.add(&name, format!("{} may not {action} on {resource}", function.binary));
                    }
                }
            }
        }
    }
    wrong.none();
}

#[test]
fn nothing_is_allowed_that_no_code_of_the_function_does() {
    let mut wrong = Wrong::default();
    for (name, stack) in stacks() {
        for function in stack.functions() {
            for statement in allowed(&stack, &function) {
                for action in &statement.actions {
                    for resource in &statement.resources {
                        if !has_a_use(&function, action, resource) {
                            let what = format!("{} may {action} on {resource}", function.binary);
                            wrong.add(&name, format!("{what} ({}), which it does not", statement.owner));
                        }
                    }
                }
            }
        }
    }
    wrong.none();
}

fn has_a_use(function: &Function<'_>, action: &str, resource: &str) -> bool {
    let binary = function.binary.as_str();
    let calls = CALLS.iter().filter(|call| call.actions.contains(&action)).map(|call| (call.on, call.users));
    let services = FOR_SERVICES.iter().filter(|(known, ..)| *known == action).map(|(_, on, users, _)| (*on, *users));
    let mut uses = calls.chain(services).filter(|(_, users)| users.contains(&binary));
    uses.any(|(on, _)| {
        // A setting that is off names nothing; what is allowed for it does no harm while the code asks for nothing.
        let named = named(function, on);
        on.contains('=') || named.iter().any(|name| covers(resource, name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policys_resource_covers_what_a_setting_names() {
        let bucket = "arn:aws:s3:::files/sealed/*";
        assert!(covers(bucket, "files") && !covers(bucket, "other"));
        let secrets = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ward/prod/auth/*";
        assert!(covers(secrets, "ward/prod/auth/smtp") && !covers(secrets, "ward/prod/health/metrics"));
        assert!(covers("*", "anything") && !covers("arn:aws:kms:x:1:key/a", "arn:aws:kms:x:1:key/b"));
    }
}
