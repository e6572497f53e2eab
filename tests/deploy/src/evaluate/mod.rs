//! CloudFormation's functions, as it evaluates them for one environment.

mod functions;
mod names;
mod network;
mod parameters;
mod rules;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::environment::Environment;
use crate::stack::{Resource, Stack};
use crate::template::{Template, Templates};

pub use functions::text;

/// The account and the region of an evaluation; AWS's examples use this account.
const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";

impl Environment {
    /// The environment's stacks.
    pub fn evaluate(&self) -> Stack {
        self.evaluate_in(Templates::get())
    }

    /// The same of other templates.
    pub fn evaluate_in(&self, templates: &Templates) -> Stack {
        let given = self.parameters.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
        Scope::new(templates, templates.root(&self.name), String::new(), given).stack()
    }
}

/// A template while it is evaluated.
struct Scope<'a> {
    templates: &'a Templates,
    template: &'a Template,
    /// The names of the nested stacks down to this one.
    path: String,
    parameters: BTreeMap<String, Value>,
    conditions: RefCell<BTreeMap<String, bool>>,
    nested: RefCell<BTreeMap<String, Option<Stack>>>,
    problems: RefCell<Vec<String>>,
}

impl<'a> Scope<'a> {
    fn new(templates: &'a Templates, template: &'a Template, path: String, given: BTreeMap<String, Value>) -> Self {
        let mut scope = Self {
            templates,
            template,
            path,
            parameters: BTreeMap::new(),
            conditions: RefCell::default(),
            nested: RefCell::default(),
            problems: RefCell::default(),
        };
        scope.parameters = scope.parameters(given);
        scope
    }

    /// Notes something that would fail the deployment.
    fn wrong(&self, what: impl std::fmt::Display) {
        let here = if self.path.is_empty() { String::new() } else { format!(" ({})", self.path) };
        let problem = format!("{}{here}: {what}", self.template.path);
        let mut problems = self.problems.borrow_mut();
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }

    fn stack(self) -> Stack {
        self.rules();
        let mut stack = Stack {
            name: self.path.rsplit('/').next().unwrap_or_default().to_owned(),
            template: self.template.path.clone(),
            ..Stack::default()
        };
        for (name, resource) in self.template.section("Resources") {
            if let Some(resource) = self.resource(name, resource) {
                if resource.kind == "AWS::CloudFormation::Stack" {
                    self.of_nested(name, |_| ());
                }
                stack.resources.insert(name.clone(), resource);
            }
        }
        for (name, output) in self.template.section("Outputs") {
            if self.applies(output)
                && let Some(value) = self.value(&output["Value"])
            {
                stack.outputs.insert(name.clone(), value);
            }
        }
        stack.problems = self.problems.take();
        for (name, nested) in self.nested.take() {
            if let Some(mut nested) = nested {
                stack.problems.append(&mut nested.problems);
                stack.nested.insert(name, nested);
            }
        }
        stack
    }

    fn resource(&self, name: &str, resource: &Value) -> Option<Resource> {
        if !self.applies(resource) {
            return None;
        }
        for other in self.depends_on(resource) {
            self.declared(&other);
        }
        let mut body = resource.as_object().cloned().unwrap_or_default();
        let kind = text(&body.remove("Type").unwrap_or_default());
        body.remove("DependsOn");
        body.remove("Condition");
        // What tools read there is no function of CloudFormation's.
        let metadata = body.remove("Metadata");
        let mut body = self.value(&Value::Object(body)).unwrap_or_default();
        if let (Some(metadata), Some(body)) = (metadata, body.as_object_mut()) {
            body.insert("Metadata".to_owned(), metadata);
        }
        Some(Resource { id: self.id(name), kind, body })
    }

    #[expect(clippy::unused_self, reason = "it reads like its neighbours")]
    fn depends_on(&self, resource: &Value) -> Vec<String> {
        match &resource["DependsOn"] {
            Value::String(name) => vec![name.clone()],
            Value::Array(names) => names.iter().map(text).collect(),
            _ => Vec::new(),
        }
    }

    /// The name of a resource over all stacks.
    fn id(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}/{name}", self.path) }
    }

    /// Whether the environment has what stands under this condition, if it stands under one.
    fn applies(&self, part: &Value) -> bool {
        part.get("Condition").is_none_or(|condition| self.condition(&text(condition)))
    }

    /// The resource that a reference names, where the environment has it.
    fn declared(&self, name: &str) -> Option<&'a Value> {
        let Some(resource) = self.template.section("Resources").get(name) else {
            self.wrong(format!("{name} is referred to and is not there"));
            return None;
        };
        if !self.applies(resource) {
            self.wrong(format!("{name} is referred to and has a condition that does not hold"));
        }
        Some(resource)
    }

    /// Asks a nested stack, which is evaluated at the first question.
    fn of_nested<T>(&self, name: &str, ask: impl FnOnce(&Stack) -> T) -> Option<T> {
        match self.nested.borrow().get(name) {
            Some(Some(stack)) => return Some(ask(stack)),
            Some(None) => {
                self.wrong(format!("{name} depends on itself"));
                return None;
            }
            None => {}
        }
        self.nested.borrow_mut().insert(name.to_owned(), None);
        let properties = &self.declared(name)?["Properties"];
        let url = text(&properties["TemplateURL"]);
        let Some(template) = self.templates.at(&url) else {
            self.wrong(format!("{name}: there is no template {url}"));
            return None;
        };
        let given = self.value(&properties["Parameters"]).unwrap_or_default();
        let given = given.as_object().cloned().unwrap_or_else(Map::new).into_iter().collect();
        let stack = Scope::new(self.templates, template, self.id(name), given).stack();
        let answer = ask(&stack);
        self.nested.borrow_mut().insert(name.to_owned(), Some(stack));
        Some(answer)
    }
}
