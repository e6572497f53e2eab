//! Policies: what is allowed to whom.

use serde_json::Value;

use crate::evaluate::text;
use crate::stack::{Resource, Stack};

/// Whether a statement allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies.
    Deny,
}

/// A statement of a policy.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The resource whose policy it is.
    pub owner: String,
    /// The type of that resource.
    pub kind: String,
    /// Whether it allows.
    pub effect: Effect,
    /// What it is about.
    pub actions: Vec<String>,
    /// On which resources.
    pub resources: Vec<String>,
    /// Who, as it stands there; nothing in a policy of a role.
    pub principal: Value,
    /// Under which conditions.
    pub condition: Value,
    /// Whether it speaks of everything but the actions, resources or principals it names.
    pub inverted: bool,
}

/// Properties that hold a policy, on whatever type.
const DOCUMENTS: [&str; 9] = [
    "PolicyDocument",
    "AssumeRolePolicyDocument",
    "KeyPolicy",
    "ResourcePolicy",
    "Policy",
    "AccessPolicy",
    "TopicPolicy",
    "BucketPolicy",
    "RepositoryPolicyText",
];

/// Every statement of every policy in a resource, those of its inline policies too.
pub fn statements(resource: &Resource) -> Vec<Statement> {
    let mut found = Vec::new();
    collect(resource, &resource.body["Properties"], &mut found);
    found
}

impl Stack {
    /// The statements of a role: of its inline policies, of the policies it names, and of those that name it.
    pub fn statements_of(&self, role: &Resource) -> Vec<Statement> {
        let mut found = Vec::new();
        for policy in role.property("Policies").as_array().into_iter().flatten() {
            collect(role, policy, &mut found);
        }
        for arn in role.property("ManagedPolicyArns").as_array().into_iter().flatten().map(text) {
            let managed = self.of_type("AWS::IAM::ManagedPolicy").find(|policy| arn.ends_with(&name(policy)));
            let managed = managed.unwrap_or_else(|| panic!("{} has the policy {arn}, which is none of ours", role.id));
            found.extend(statements(managed));
        }
        let role_name = name(role);
        for kind in ["AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy"] {
            for policy in self.of_type(kind) {
                let roles = policy.property("Roles").as_array().into_iter().flatten();
                if roles.chain([policy.property("RoleName")]).any(|role| text(role) == role_name) {
                    found.extend(statements(policy));
                }
            }
        }
        found
    }
}

fn name(resource: &Resource) -> String {
    let named =
        ["RoleName", "ManagedPolicyName"].iter().map(|name| resource.property(name)).find(|name| name.is_string());
    named.map_or_else(|| format!("${{{}}}", resource.id), text)
}

fn collect(resource: &Resource, value: &Value, found: &mut Vec<Statement>) {
    match value {
        Value::Array(list) => list.iter().for_each(|member| collect(resource, member, found)),
        Value::Object(map) => {
            for (name, member) in map {
                // Some types take the policy as a text.
                let parsed = member.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
                let document = parsed.as_ref().unwrap_or(member);
                if DOCUMENTS.contains(&name.as_str()) && document.get("Statement").is_some() {
                    found.extend(list(&document["Statement"]).into_iter().map(|it| statement(resource, it)));
                } else {
                    collect(resource, member, found);
                }
            }
        }
        _ => {}
    }
}

fn statement(resource: &Resource, statement: &Value) -> Statement {
    let either = |name: &str| {
        let not = format!("Not{name}");
        texts(statement.get(name).or_else(|| statement.get(&not)).unwrap_or(&Value::Null))
    };
    Statement {
        owner: resource.id.clone(),
        kind: resource.kind.clone(),
        effect: if statement["Effect"] == "Allow" { Effect::Allow } else { Effect::Deny },
        actions: either("Action"),
        resources: either("Resource"),
        principal: statement.get("Principal").or_else(|| statement.get("NotPrincipal")).cloned().unwrap_or_default(),
        condition: statement["Condition"].clone(),
        inverted: ["NotAction", "NotResource", "NotPrincipal"].iter().any(|name| statement.get(name).is_some()),
    }
}

fn list(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |list| list.iter().collect())
}

fn texts(value: &Value) -> Vec<String> {
    if value.is_null() { Vec::new() } else { list(value).into_iter().map(text).collect() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn statements_are_found_wherever_they_stand() {
        let body = json!({"Properties": {
            "AssumeRolePolicyDocument": {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}},
            "Policies": [{"PolicyName": "a", "PolicyDocument": {"Statement": [
                {"Effect": "Deny", "NotAction": ["s3:*"], "Resource": "*"}]}}],
        }});
        let role = Resource { id: "R".into(), kind: "AWS::IAM::Role".into(), body };
        let mut found = statements(&role);
        found.sort_by_key(|statement| statement.actions.clone());
        assert_eq!((found[0].actions.clone(), found[0].inverted), (vec!["s3:*".to_owned()], true));
        assert_eq!((found[1].effect, found[1].principal.clone()), (Effect::Allow, json!("*")));
        assert_eq!(found.len(), 2);
    }
}
