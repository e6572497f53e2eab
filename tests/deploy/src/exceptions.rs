//! infra/exceptions.toml: what a check finds and stays so, each with its reason.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde::Deserialize;

use crate::template::source;

/// One of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// Who finds it: `checkov`, `cfn-lint`, `cfn-guard` or `tests`.
    pub tool: String,
    /// The id of the check.
    pub check: String,
    /// The file, as `infra/keys.yaml`.
    pub file: Option<String>,
    /// The resources in which it is found.
    pub resources: Vec<String>,
    /// Why it stays.
    pub reason: String,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    exception: Vec<Exception>,
}

/// The exceptions of a tool; each has to be met.
pub struct Exceptions {
    left: Vec<Exception>,
    met: RefCell<BTreeSet<(String, String)>>,
}

impl Exceptions {
    /// Those of the table's tests.
    pub fn of(tool: &str) -> Self {
        let file: File = toml::from_str(&source("infra/exceptions.toml")).expect("infra/exceptions.toml");
        let left = file.exception.into_iter().filter(|exception| exception.tool == tool).collect();
        Self { left, met: RefCell::default() }
    }

    /// Whether this may stay as it is.
    pub fn allow(&self, check: &str, resource: &str) -> bool {
        let exception = self.left.iter().find(|exception| exception.check == check);
        let allowed = exception.is_some_and(|exception| exception.resources.iter().any(|name| name == resource));
        if allowed {
            self.met.borrow_mut().insert((check.to_owned(), resource.to_owned()));
        }
        allowed
    }

    /// Those that nothing met: what they excuse is mended.
    pub fn unmet(&self) -> Vec<String> {
        let all = self.left.iter().flat_map(|exception| {
            exception.resources.iter().map(|resource| (exception.check.clone(), resource.clone()))
        });
        let met = self.met.borrow();
        all.filter(|pair| !met.contains(pair)).map(|(check, resource)| format!("{check} of {resource}")).collect()
    }
}
