//! A stack as CloudFormation would make it.

use std::collections::BTreeMap;

use serde_json::Value;

/// A resource that the environment has, its functions evaluated.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its stack and its name there, such as `Database/Instance`.
    pub id: String,
    /// Its type.
    pub kind: String,
    /// All that stands beside the type: `Properties`, `DeletionPolicy`, ...
    pub body: Value,
}

impl Resource {
    /// A property at the top.
    pub fn property(&self, name: &str) -> &Value {
        &self.body["Properties"][name]
    }
}

/// A stack with what is nested in it.
#[derive(Clone, Debug, Default)]
pub struct Stack {
    /// The name in its parent; empty for the root.
    pub name: String,
    /// The template's path in the repository.
    pub template: String,
    /// The resources that the environment has, by their names.
    pub resources: BTreeMap<String, Resource>,
    /// What it hands to its parent.
    pub outputs: BTreeMap<String, Value>,
    /// The stacks in it, by the resources' names.
    pub nested: BTreeMap<String, Stack>,
    /// What was wrong, here and in what is nested.
    pub problems: Vec<String>,
}

impl Stack {
    /// The resources of this stack and of those nested in it.
    pub fn all(&self) -> impl Iterator<Item = &Resource> {
        let mut resources: Vec<_> = self.resources.values().collect();
        let mut waiting: Vec<_> = self.nested.values().collect();
        while let Some(stack) = waiting.pop() {
            resources.extend(stack.resources.values());
            waiting.extend(stack.nested.values());
        }
        resources.into_iter()
    }

    /// Those of a type.
    pub fn of_type<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Resource> {
        self.all().filter(move |resource| resource.kind == kind)
    }

    /// This stack and all that are nested in it.
    pub fn stacks(&self) -> Vec<&Self> {
        let mut stacks = vec![self];
        for stack in self.nested.values() {
            stacks.extend(stack.stacks());
        }
        stacks
    }

    /// The resource with this id.
    pub fn resource(&self, id: &str) -> Option<&Resource> {
        self.all().find(|resource| resource.id == id)
    }
}
