//! Parameters: what is given, what is left to the default, and what is allowed.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde_json::Value;

use super::{Scope, text};

/// A parameter's value that stands in Parameter Store.
const STORED: &str = "AWS::SSM::Parameter::Value<";

impl Scope<'_> {
    /// The value of each parameter of the template.
    pub(super) fn parameters(&self, mut given: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
        let mut values = BTreeMap::new();
        for (name, declared) in self.template.section("Parameters") {
            let Some(value) = given.remove(name).or_else(|| declared.get("Default").cloned()) else {
                self.wrong(format!("the parameter {name} has no default and is not given"));
                continue;
            };
            let value = match value {
                Value::Array(list) => {
                    self.wrong(format!("the parameter {name} is given a list; a nested stack takes texts"));
                    list.iter().map(text).collect::<Vec<_>>().join(",")
                }
                single => text(&single),
            };
            self.allowed(name, declared, &value);
            values.insert(name.clone(), typed(&text(&declared["Type"]), value));
        }
        for name in given.keys() {
            self.wrong(format!("the parameter {name} is given, and the template has none of that name"));
        }
        values
    }

    fn allowed(&self, name: &str, declared: &Value, value: &str) {
        if let Some(values) = declared["AllowedValues"].as_array()
            && !values.iter().any(|allowed| text(allowed) == value)
        {
            self.wrong(format!("the parameter {name} may not be `{value}`"));
        }
        // A token stands for what only AWS knows.
        if let Some(pattern) = declared["AllowedPattern"].as_str().filter(|_| !value.contains("${")) {
            let whole = Regex::new(&format!("^(?:{pattern})$"));
            if !whole.is_ok_and(|pattern| pattern.is_match(value)) {
                self.wrong(format!("the parameter {name} is `{value}`, which its pattern does not allow"));
            }
        }
        if declared["Type"] == "Number" {
            let number = value.parse::<f64>();
            let bound = |bound: &str| text(&declared[bound]).parse::<f64>().ok();
            let within = number.is_ok_and(|number| {
                bound("MinValue").is_none_or(|least| number >= least)
                    && bound("MaxValue").is_none_or(|most| number <= most)
            });
            if !within && !value.contains("${") {
                self.wrong(format!("the parameter {name} is `{value}`, no number within its bounds"));
            }
        }
        let length = |bound: &str| text(&declared[bound]).parse::<usize>().ok();
        if length("MinLength").is_some_and(|least| value.len() < least)
            || length("MaxLength").is_some_and(|most| value.len() > most.min(4096))
        {
            self.wrong(format!("the parameter {name} is too short or too long"));
        }
    }
}

/// The value as a `Ref` gives it.
fn typed(kind: &str, value: String) -> Value {
    let (kind, value) = match kind.strip_prefix(STORED) {
        Some(kind) => (kind.trim_end_matches('>').to_owned() + ">", format!("${{ssm:{value}}}")),
        None => (kind.to_owned(), value),
    };
    if kind.starts_with("List<") || kind.starts_with("CommaDelimitedList") {
        let members = value.split(',').map(|member| Value::String(member.trim().to_owned()));
        return members.collect();
    }
    match value.parse::<i64>() {
        Ok(number) if kind == "Number" => number.into(),
        _ => Value::String(value),
    }
}
