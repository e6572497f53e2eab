//! What a template refers to, whatever its conditions say.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::template::Template;

/// The names a template uses.
#[derive(Debug, Default)]
pub struct References {
    /// Parameters, resources and pseudo parameters that `Ref`, `Fn::Sub` and rules name.
    pub names: BTreeSet<String>,
    /// Conditions.
    pub conditions: BTreeSet<String>,
    /// Mappings.
    pub mappings: BTreeSet<String>,
    /// Attributes: the resource and the attribute.
    pub attributes: BTreeSet<(String, String)>,
}

/// Every name that the template uses.
pub fn references(template: &Template) -> References {
    let mut found = References::default();
    for section in ["Rules", "Conditions", "Resources", "Outputs"] {
        for part in template.section(section).values() {
            if let Some(Value::String(condition)) = part.get("Condition").filter(|_| section != "Conditions") {
                found.conditions.insert(condition.clone());
            }
            found.walk(part);
        }
    }
    found
}

impl References {
    fn walk(&mut self, value: &Value) {
        match value {
            Value::Array(list) => list.iter().for_each(|member| self.walk(member)),
            Value::Object(map) => {
                if let (1, Some((name, argument))) = (map.len(), map.iter().next()) {
                    self.call(name, argument);
                }
                map.values().for_each(|member| self.walk(member));
            }
            _ => {}
        }
    }

    fn call(&mut self, function: &str, argument: &Value) {
        match (function, argument) {
            ("Ref", Value::String(name)) => {
                self.names.insert(name.clone());
            }
            ("Condition", Value::String(name)) => {
                self.conditions.insert(name.clone());
            }
            ("Fn::If", Value::Array(parts)) => self.conditions.extend(parts[0].as_str().map(str::to_owned)),
            ("Fn::FindInMap", Value::Array(parts)) => self.mappings.extend(parts[0].as_str().map(str::to_owned)),
            ("Fn::GetAtt", Value::Array(parts)) => {
                if let [Value::String(name), Value::String(attribute)] = parts.as_slice() {
                    self.attributes.insert((name.clone(), attribute.clone()));
                }
            }
            ("Fn::GetAtt", Value::String(both)) => self.dotted(both),
            ("Fn::Sub", Value::String(text)) => self.substituted(text, &Value::Null),
            ("Fn::Sub", Value::Array(parts)) => {
                self.substituted(parts[0].as_str().unwrap_or_default(), parts.get(1).unwrap_or(&Value::Null));
            }
            _ => {}
        }
    }

    fn substituted(&mut self, text: &str, own: &Value) {
        let names = text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
        for name in names.filter(|name| !name.starts_with('!') && own.get(name).is_none()) {
            if name.contains('.') {
                self.dotted(name);
            } else {
                self.names.insert(name.to_owned());
            }
        }
    }

    fn dotted(&mut self, both: &str) {
        if let Some((name, attribute)) = both.split_once('.') {
            self.attributes.insert((name.to_owned(), attribute.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_every_form() {
        let template = r#"{
            "Conditions": {"A": {"Fn::Equals": [{"Ref": "P1"}, ""]}, "B": {"Fn::Not": [{"Condition": "A"}]}},
            "Resources": {"R": {"Type": "X", "Condition": "C", "Properties": {
                "V": {"Fn::If": ["B", {"Fn::GetAtt": ["S", "Outputs.O"]}, {"Fn::FindInMap": ["M", "a", "b"]}]},
                "W": {"Fn::Sub": ["${P2}/${T.Arn}/${!Not}/${Own}", {"Own": {"Ref": "P3"}}]}}}}
        }"#;
        let found = references(&Template::new("x", template));
        assert_eq!(found.names.iter().collect::<Vec<_>>(), ["P1", "P2", "P3"]);
        assert_eq!(found.conditions.iter().collect::<Vec<_>>(), ["A", "B", "C"]);
        assert_eq!(found.mappings.iter().collect::<Vec<_>>(), ["M"]);
        let attributes = [("S".to_owned(), "Outputs.O".to_owned()), ("T".to_owned(), "Arn".to_owned())];
        assert_eq!(found.attributes, BTreeSet::from(attributes));
    }
}
