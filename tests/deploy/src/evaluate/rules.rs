//! Conditions, and the rules that refuse wrong parameters.

use serde_json::Value;

use super::{Scope, text};

impl Scope<'_> {
    /// Whether a condition of the template holds.
    pub(super) fn condition(&self, name: &str) -> bool {
        if let Some(holds) = self.conditions.borrow().get(name) {
            return *holds;
        }
        let Some(condition) = self.template.section("Conditions").get(name) else {
            self.wrong(format!("there is no condition {name}"));
            return false;
        };
        let holds = self.holds(condition);
        self.conditions.borrow_mut().insert(name.to_owned(), holds);
        holds
    }

    fn holds(&self, expression: &Value) -> bool {
        let Some((name, argument)) = expression.as_object().and_then(|map| map.iter().next()) else {
            return text(expression) == "true";
        };
        let all = || argument.as_array().into_iter().flatten();
        let value = |value: &Value| self.value(value).unwrap_or_default();
        let members = |list: &Value| match value(list) {
            Value::Array(list) => list,
            single => vec![single],
        };
        match name.as_str() {
            "Condition" => self.condition(&text(argument)),
            "Fn::Equals" => text(&value(&argument[0])) == text(&value(&argument[1])),
            "Fn::Not" => !self.holds(&argument[0]),
            "Fn::And" => all().all(|part| self.holds(part)),
            "Fn::Or" => all().any(|part| self.holds(part)),
            "Fn::Contains" => members(&argument[0]).contains(&value(&argument[1])),
            "Fn::EachMemberIn" => {
                let allowed = members(&argument[1]);
                members(&argument[0]).iter().all(|member| allowed.contains(member))
            }
            "Fn::EachMemberEquals" => members(&argument[0]).iter().all(|member| *member == value(&argument[1])),
            other => {
                self.wrong(format!("{other} is no condition"));
                false
            }
        }
    }

    /// Notes each assertion of the template's rules that fails.
    pub(super) fn rules(&self) {
        for (name, rule) in self.template.section("Rules") {
            if rule.get("RuleCondition").is_some_and(|condition| !self.holds(condition)) {
                continue;
            }
            for assertion in rule["Assertions"].as_array().into_iter().flatten() {
                if !self.holds(&assertion["Assert"]) {
                    self.wrong(format!("the rule {name}: {}", text(&assertion["AssertDescription"])));
                }
            }
        }
    }
}
