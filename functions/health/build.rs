//! Writes down the commit a build is of.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=WARD_COMMIT");
    println!("cargo::rerun-if-changed=../../.git/logs/HEAD");
    let asked = std::env::var("WARD_COMMIT").ok().filter(|commit| !commit.is_empty());
    let commit = asked.or_else(head).unwrap_or_else(|| "unknown".into());
    println!("cargo::rustc-env=WARD_COMMIT={commit}");
}

fn head() -> Option<String> {
    let output = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output().ok()?;
    let commit = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| commit.trim().to_owned()).filter(|commit| !commit.is_empty())
}
