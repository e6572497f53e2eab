//! `cargo xtask openapi`: the API's description, as the code gives it.

use std::fs;

use crate::run::{Failure, Result, cargo, output, run};
use crate::workspace::{path, target};

/// Writes openapi/ward.json.
pub fn write() -> Result {
    run(cargo(&["build", "--package", "ward"]))?;
    let ward = target("debug/ward");
    let description = output(crate::run::command(&ward, &["openapi"]))
        .ok_or_else(|| Failure("`ward openapi` printed no description".into()))?;
    let file = path("openapi/ward.json");
    fs::write(&file, description + "\n").map_err(|error| Failure(format!("openapi/ward.json: {error}")))?;
    println!("wrote openapi/ward.json");
    Ok(())
}
