//! The intrinsic functions.

use serde_json::{Map, Value, json};

use super::{ACCOUNT, REGION, Scope, names, network};

/// A value as the text that CloudFormation would put in its place.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

impl Scope<'_> {
    /// The value with every function in it evaluated; nothing for `AWS::NoValue`.
    pub(super) fn value(&self, value: &Value) -> Option<Value> {
        match value {
            Value::Array(list) => Some(list.iter().filter_map(|member| self.value(member)).collect()),
            Value::Object(map) => match single(map) {
                Some((name, argument)) if name == "Ref" || name.starts_with("Fn::") => self.call(name, argument),
                _ => {
                    let members = map.iter().filter_map(|(name, value)| Some((name.clone(), self.value(value)?)));
                    Some(Value::Object(members.collect()))
                }
            },
            plain => Some(plain.clone()),
        }
    }

    fn call(&self, name: &str, argument: &Value) -> Option<Value> {
        match name {
            "Ref" => self.reference(&text(argument)),
            "Fn::If" => {
                let branch = if self.condition(&text(&argument[0])) { 1 } else { 2 };
                self.value(&argument[branch])
            }
            "Fn::GetAtt" => self.attribute(argument),
            "Fn::Sub" => Some(Value::String(self.substitute(argument))),
            "Fn::Join" => {
                let parts: Vec<_> = self.list(&argument[1]).iter().map(text).collect();
                Some(Value::String(parts.join(&text(&argument[0]))))
            }
            "Fn::Split" => {
                let whole = text(&self.value(&argument[1])?);
                Some(whole.split(&text(&argument[0])).map(|part| Value::String(part.to_owned())).collect())
            }
            "Fn::Select" => {
                let index = text(&self.value(&argument[0])?).parse::<usize>().ok();
                let list = self.list(&argument[1]);
                let found = index.and_then(|index| list.get(index).cloned());
                if found.is_none() {
                    self.wrong(format!("Fn::Select has no member {index:?} of {}", list.len()));
                }
                found
            }
            "Fn::FindInMap" => self.find_in_map(argument),
            "Fn::GetAZs" => Some(["a", "b", "c", "d", "e", "f"].map(|zone| json!(format!("{REGION}{zone}"))).into()),
            "Fn::Cidr" => {
                let arguments: Vec<_> = self.list(argument).iter().map(text).collect();
                let blocks = network::blocks(&arguments);
                if blocks.is_none() {
                    self.wrong(format!("Fn::Cidr of {arguments:?}"));
                }
                Some(blocks?.into())
            }
            "Fn::Base64" => self.value(argument),
            other => {
                self.wrong(format!("{other} is not known here"));
                None
            }
        }
    }

    /// The value as a list; what came as one text from elsewhere is cut at its commas.
    fn list(&self, value: &Value) -> Vec<Value> {
        match self.value(value) {
            Some(Value::Array(list)) => list,
            Some(single) => vec![single],
            None => Vec::new(),
        }
    }

    fn reference(&self, name: &str) -> Option<Value> {
        if let Some(value) = self.parameters.get(name) {
            return Some(value.clone());
        }
        if let Some(pseudo) = name.strip_prefix("AWS::") {
            return self.pseudo(pseudo);
        }
        let resource = self.declared(name)?;
        let property = |property: &str| self.value(&resource["Properties"][property]).filter(|value| !value.is_null());
        Some(Value::String(names::reference(&text(&resource["Type"]), &self.id(name), &property)))
    }

    fn pseudo(&self, name: &str) -> Option<Value> {
        let value = match name {
            "NoValue" => return None,
            "AccountId" => ACCOUNT.to_owned(),
            "Region" => REGION.to_owned(),
            "Partition" => "aws".to_owned(),
            "URLSuffix" => "amazonaws.com".to_owned(),
            "StackName" => format!("${{{}}}", self.id("StackName")),
            "StackId" => format!("arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/${{{}}}", self.id("StackId")),
            other => {
                self.wrong(format!("AWS::{other} is no pseudo parameter"));
                return None;
            }
        };
        Some(Value::String(value))
    }

    fn attribute(&self, argument: &Value) -> Option<Value> {
        let (name, attribute) = match argument {
            Value::String(both) => {
                both.split_once('.').map(|(name, attribute)| (name.to_owned(), attribute.to_owned()))?
            }
            _ => (text(&argument[0]), text(&self.value(&argument[1])?)),
        };
        let resource = self.declared(&name)?;
        let kind = text(&resource["Type"]);
        if let ("AWS::CloudFormation::Stack", Some(output)) = (kind.as_str(), attribute.strip_prefix("Outputs.")) {
            let value = self.of_nested(&name, |stack| stack.outputs.get(output).cloned())?;
            if value.is_none() {
                self.wrong(format!("{name} has no output {output} in this environment"));
            }
            return value;
        }
        let property = |property: &str| self.value(&resource["Properties"][property]).filter(|value| !value.is_null());
        Some(names::attribute(&kind, &self.id(&name), &attribute, &property))
    }

    fn substitute(&self, argument: &Value) -> String {
        let (template, own) = match argument {
            Value::String(template) => (template.clone(), None),
            _ => (text(&argument[0]), argument[1].as_object()),
        };
        let mut result = String::new();
        let mut rest = template.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, after)) = after.split_once('}') else { break };
            result.push_str(before);
            if let Some(literal) = name.strip_prefix('!') {
                result.extend(["${", literal, "}"]);
            } else if let Some(value) = own.and_then(|own| own.get(name)) {
                result.push_str(&self.value(value).map(|value| text(&value)).unwrap_or_default());
            } else {
                let value = if name.contains('.') { self.attribute(&json!(name)) } else { self.reference(name) };
                if let Some(Value::Array(_)) = value {
                    self.wrong(format!("Fn::Sub puts the list {name} into a text"));
                }
                result.push_str(&value.map(|value| text(&value)).unwrap_or_default());
            }
            rest = after;
        }
        result + rest
    }

    fn find_in_map(&self, argument: &Value) -> Option<Value> {
        let keys: Vec<_> = self.list(argument).iter().take(3).map(text).collect();
        let [map, first, second] = keys.as_slice() else { return None };
        let mapping = self.template.section("Mappings").get(map);
        let found = mapping.and_then(|mapping| mapping.get(first)).and_then(|row| row.get(second)).cloned();
        if found.is_none() {
            self.wrong(format!("there is no {map}.{first}.{second} in the mappings"));
        }
        found
    }
}

fn single(map: &Map<String, Value>) -> Option<(&String, &Value)> {
    if map.len() == 1 { map.iter().next() } else { None }
}
