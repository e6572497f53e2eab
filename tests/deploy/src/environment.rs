//! An environment of samconfig.toml.

use std::collections::BTreeMap;

use crate::template::{Templates, source};

/// An environment: its name, and what is given to the parameters of the root template.
#[derive(Clone, Debug)]
pub struct Environment {
    /// `dev`, `staging` or `prod`.
    pub name: String,
    /// Parameters and their values.
    pub parameters: BTreeMap<String, String>,
}

impl Environment {
    /// All that samconfig.toml deploys.
    pub fn all() -> Vec<Self> {
        Templates::get().environments().map(Self::of).collect()
    }

    /// One of them.
    pub fn of(name: &str) -> Self {
        let config: toml::Table = source("samconfig.toml").parse().expect("samconfig.toml is TOML");
        let pairs = &config[name]["deploy"]["parameters"]["parameter_overrides"];
        let pairs = pairs.as_array().expect("a list of parameters").iter();
        let pairs = pairs.map(|pair| pair.as_str().and_then(|pair| pair.split_once('=')).expect("Name=value"));
        let mut parameters = BTreeMap::new();
        for (name, value) in pairs {
            let before = parameters.insert(name.to_owned(), value.to_owned());
            assert!(before.is_none(), "{name} is set twice");
        }
        Self { name: name.to_owned(), parameters }
    }

    /// The same with another value of a parameter.
    #[must_use]
    pub fn with(mut self, parameter: &str, value: &str) -> Self {
        self.parameters.insert(parameter.to_owned(), value.to_owned());
        self
    }
}
