//! Nobody is allowed more than has to be, in any policy of any stack.

use deploy_tests::{Effect, Exceptions, Stack, Statement, find, statements, text};
use serde_json::Value;

use crate::environments::{self, nothing_wrong};

/// Policies of identities: their statements are about what their owner may do.
const IDENTITIES: [&str; 4] = ["AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::RolePolicy"];

/// Actions without a resource to name, by AWS's Service Authorization Reference or the service's guide, and why.
const CAN_NOT_BE_NARROWED: [(&str, &str); 17] = [
    ("ec2:AssignPrivateIpAddresses", "Lambda makes network interfaces in the role's name and asks for `*`"),
    ("ec2:CreateNetworkInterface", "as above (Lambda Developer Guide, \"Required IAM permissions\" for a VPC)"),
    ("ec2:DeleteNetworkInterface", "as above"),
    ("ec2:DescribeNetworkInterfaces", "has no resource type"),
    ("ec2:DescribeSubnets", "has no resource type"),
    ("ec2:DescribeSecurityGroups", "has no resource type"),
    ("ec2:DescribeVpcs", "has no resource type"),
    ("ec2:GetSecurityGroupsForVpc", "Lambda asks for it on `*`"),
    ("ec2:UnassignPrivateIpAddresses", "as CreateNetworkInterface"),
    ("sns:Publish", "a phone number has no ARN; every topic is denied beside it"),
    ("xray:GetSamplingRules", "has no resource type"),
    ("xray:GetSamplingTargets", "has no resource type"),
    ("xray:PutTelemetryRecords", "has no resource type"),
    ("xray:PutTraceSegments", "has no resource type"),
    ("cloudwatch:PutMetricData", "has no resource type; a condition names the namespace"),
    ("cloudwatch:DescribeAlarms", "CodeDeploy asks for every alarm of the group at once"),
    ("rds:DescribeDBInstances", "RDS lists before it names"),
];

/// Condition keys that bind a caller to this account or to one of its resources.
const BINDING: [&str; 9] = [
    "aws:principalaccount",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:principalarn",
    "aws:sourcevpce",
    "aws:sourcevpc",
    "kms:calleraccount",
    "aws:resourceaccount",
    "aws:sourceowner",
];

fn all(stack: &Stack) -> impl Iterator<Item = Statement> {
    stack.all().flat_map(statements).filter(|statement| statement.effect == Effect::Allow)
}

/// The wrong statements of all environments, without what infra/exceptions.toml excuses under the check's name.
fn judge(check: &str, wrong: impl Fn(&Stack, &Statement) -> Option<String>) {
    let exceptions = Exceptions::of(check);
    let mut found = Vec::new();
    for (_, stack) in environments::all() {
        for statement in all(stack) {
            if let Some(what) = wrong(stack, &statement)
                && !statement.actions.iter().all(|action| exceptions.allow(action, &statement.owner))
            {
                found.push(format!("{} ({}): {what}", statement.owner, statement.kind));
            }
        }
    }
    found.extend(exceptions.unmet());
    nothing_wrong(found);
}

fn binds(condition: &Value) -> bool {
    let tests = condition.as_object().into_iter().flatten();
    tests.filter(|(operator, _)| !operator.contains("Not")).any(|(_, test)| {
        let keys = test.as_object().into_iter().flatten();
        keys.into_iter().any(|(key, value)| BINDING.contains(&key.to_lowercase().as_str()) && text(value).len() > 3)
    })
}

fn is_everyone(principal: &Value) -> bool {
    let named = principal.as_object().map_or_else(|| vec![principal], |of| of.values().collect());
    named.into_iter().any(|name| find(&serde_json::json!({"P": name}), "P[]").iter().any(|name| text(name) == "*"))
}

#[test]
fn everyone_is_allowed_nothing_but_from_this_account() {
    judge("everyone", |_, statement| {
        let open = is_everyone(&statement.principal) && !binds(&statement.condition);
        open.then(|| format!("everyone may {:?}", statement.actions))
    });
}

/// A service acts for whoever configured it, perhaps in another account: the confused deputy.
#[test]
fn a_service_is_allowed_nothing_but_for_this_account() {
    judge("service", |_, statement| {
        let service = statement.principal.get("Service").is_some() && !IDENTITIES.contains(&statement.kind.as_str());
        let context = text(&statement.condition).contains("EncryptionContext")
            || text(&statement.condition).contains("ViaService");
        let loose = service && !binds(&statement.condition) && !context;
        loose.then(|| format!("{} may {:?} for anybody", statement.principal, statement.actions))
    });
}

#[test]
fn an_invocation_is_permitted_to_one_caller() {
    let mut wrong = Vec::new();
    for (_, stack) in environments::all() {
        for permission in stack.of_type("AWS::Lambda::Permission") {
            let bound = ["SourceArn", "SourceAccount"].iter().any(|name| permission.property(name).is_string());
            if !bound || text(permission.property("Principal")).contains('*') {
                wrong.push(format!("{} permits {}", permission.id, permission.property("Principal")));
            }
        }
    }
    nothing_wrong(wrong);
}

#[test]
fn no_role_may_do_on_everything_what_could_be_allowed_on_one() {
    judge("wildcard", |_, statement| {
        if !IDENTITIES.contains(&statement.kind.as_str()) || !statement.resources.iter().any(|name| name == "*") {
            return None;
        }
        let narrow = |action: &&String| !CAN_NOT_BE_NARROWED.iter().any(|(known, _)| known == action);
        let loose: Vec<_> = statement.actions.iter().filter(narrow).collect();
        (!loose.is_empty()).then(|| format!("may {loose:?} on everything"))
    });
}

#[test]
fn no_policy_allows_every_action_or_all_but_some() {
    judge("actions", |_, statement| {
        let every = statement.actions.iter().any(|action| action == "*" || action.ends_with(":*"));
        (every || statement.inverted).then(|| format!("may {:?} (inverted: {})", statement.actions, statement.inverted))
    });
}

#[test]
fn no_resource_of_a_role_is_in_any_account() {
    judge("account", |_, statement| {
        let role = IDENTITIES.contains(&statement.kind.as_str());
        let any = |arn: &&String| arn.starts_with("arn:") && arn.split(':').nth(4) == Some("*");
        let found: Vec<_> = statement.resources.iter().filter(any).collect();
        (role && !found.is_empty()).then(|| format!("may {:?} on {found:?}", statement.actions))
    });
}

/// A role that AWS's own policies widen may do tomorrow what nobody read today.
#[test]
fn roles_of_functions_have_no_policies_of_amazons() {
    for (_, stack) in environments::all() {
        for function in stack.functions() {
            let role = function.role(stack);
            for arn in find(&role.body, "Properties.ManagedPolicyArns[]") {
                assert!(!text(arn).contains(":aws:policy/"), "{} has {arn}", role.id);
            }
        }
    }
}
