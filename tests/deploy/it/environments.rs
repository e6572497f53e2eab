//! The evaluated environments, made once for all tests.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use deploy_tests::{Environment, Stack};

/// Every environment of samconfig.toml with its stacks.
pub fn all() -> &'static [(Environment, Stack)] {
    static ALL: OnceLock<Vec<(Environment, Stack)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let all = Environment::all().into_iter();
        all.map(|environment| (environment.clone(), environment.evaluate())).collect()
    })
}

/// What was found wrong, and in which environments.
#[derive(Default)]
pub struct Wrong(BTreeMap<String, Vec<String>>);

impl Wrong {
    /// Notes something of an environment.
    pub fn add(&mut self, environment: &str, what: String) {
        let environments = self.0.entry(what).or_default();
        if !environments.iter().any(|name| name == environment) {
            environments.push(environment.to_owned());
        }
    }

    /// Fails with all of it, so that one run shows all that is wrong.
    #[track_caller]
    pub fn none(self) {
        nothing_wrong(self.0.into_iter().map(|(what, where_)| format!("{what} [{}]", where_.join(", "))).collect());
    }
}

/// Fails with every line.
#[track_caller]
pub fn nothing_wrong(mut wrong: Vec<String>) {
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
