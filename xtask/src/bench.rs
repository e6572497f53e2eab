//! `cargo xtask bench`: release binaries, measured.

use crate::run::{Result, cargo, run};
use crate::setup;

const FUNCTIONS: [&str; 7] = ["auth", "storage", "chat", "usage", "health", "maintenance", "migrate"];

/// Builds what is deployed, then lets `bench` measure it and write benches/RESULTS.md.
pub fn all() -> Result {
    setup::servers()?;
    // Apart from `bench`, whose own dependencies would otherwise lend the functions their features.
    let mut functions = cargo(&["build", "--release"]);
    functions.args(FUNCTIONS.iter().flat_map(|name| ["--package", name]));
    run(functions)?;
    run(cargo(&["build", "--release", "--package", "benches", "--bins"]))?;
    run(cargo(&["run", "--quiet", "--release", "--package", "benches", "--bin", "bench"]))
}
