//! `cargo xtask lint`: what can be found wrong without running anything.

use crate::run::{Failure, Result, cargo, command, run};
use crate::setup;
use crate::workspace::{Stamp, target};

const MACHETE_VERSION: &str = "0.9.2";

/// Runs every linter, so that one run shows everything, then fails if one of them did.
pub fn all() -> Result {
    let linters = [
        ("formatting (mend it with `cargo fmt`)", formatting as fn() -> Result),
        ("clippy", clippy),
        ("clippy of fuzz/", clippy_of_fuzz),
        ("documentation", documentation),
        ("unused dependencies", unused_dependencies),
        ("types of web/", web_types),
    ];
    let failed: Vec<_> = linters
        .into_iter()
        .filter_map(|(name, linter)| linter().err().map(|failure| format!("{name}: {failure}")))
        .collect();
    if failed.is_empty() { Ok(()) } else { Err(Failure(failed.join("\nxtask: "))) }
}

fn formatting() -> Result {
    run(cargo(&["fmt", "--all", "--check"]))?;
    run(cargo(&["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]))
}

fn clippy() -> Result {
    run(cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]))
}

/// The targets, without libFuzzer: they need no C++ compiler to be checked, and none of the flags they are run with.
fn clippy_of_fuzz() -> Result {
    let mut clippy = cargo(&["clippy", "--manifest-path", "fuzz/Cargo.toml", "--no-default-features"]);
    clippy.arg("--target-dir").arg(target(""));
    clippy.args(["--", "-D", "warnings"]);
    run(clippy)
}

fn documentation() -> Result {
    let mut doc = cargo(&["doc", "--workspace", "--no-deps"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    run(doc)
}

fn unused_dependencies() -> Result {
    let stamp = Stamp::new("cargo-machete", &[MACHETE_VERSION.to_owned()]);
    let machete = target("tools/bin/cargo-machete");
    if !stamp.holds() || !machete.exists() {
        let tools = target("tools");
        let mut install = cargo(&["install", "cargo-machete", "--locked", "--force", "--version", MACHETE_VERSION]);
        install.arg("--root").arg(tools);
        run(install)?;
        stamp.set()?;
    }
    run(command(machete, &["--skip-target-dir"]))
}

fn web_types() -> Result {
    setup::web_packages()?;
    run(command("npm", &["run", "--silent", "check", "--prefix", "web"]))
}
