//! What a tool found.

use std::collections::BTreeMap;

use crate::run::{Failure, Result};
use crate::workspace::target;

/// What a tool found in one or more templates.
#[derive(Debug, Default)]
pub struct Findings {
    /// All that is not as it should be.
    pub found: Vec<Finding>,
    /// How many checks passed, by file.
    pub passed: BTreeMap<String, u64>,
}

/// One thing.
#[derive(Debug)]
pub struct Finding {
    /// The tool.
    pub tool: &'static str,
    /// The id of the check.
    pub check: String,
    /// The template, as the repository calls it.
    pub file: String,
    /// The resource's name, or another section and name: `Parameters/Origins`.
    pub resource: String,
    /// What the tool says.
    pub message: String,
}

/// What a template is called: the transformed one by what it was made of.
pub fn called(file: &str) -> String {
    let result = target(super::RESULT).display().to_string();
    if result.ends_with(file) { "template.yaml".to_owned() } else { file.trim_start_matches('/').to_owned() }
}

/// A tool's output.
pub fn parse<T: serde::de::DeserializeOwned>(tool: &str, output: &[u8]) -> Result<T> {
    serde_json::from_slice(output).map_err(|error| {
        let start: String = String::from_utf8_lossy(output).chars().take(500).collect();
        Failure(format!("{tool} answered no such JSON ({error}): {start}"))
    })
}
