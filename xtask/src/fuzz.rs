//! `cargo xtask fuzz`: the targets of fuzz/, each for a while.

use std::fs;

use crate::run::{Failure, Result, cargo, run};
use crate::workspace;

/// Runs the targets whose name holds `filter`, one after the other.
pub fn all(filter: Option<&str>, seconds: u32) -> Result {
    let names: Vec<_> = targets()?.into_iter().filter(|name| filter.is_none_or(|part| name.contains(part))).collect();
    if names.is_empty() {
        return Err(Failure("no target of fuzz/targets has such a name".into()));
    }
    names.iter().try_for_each(|name| fuzz(name, seconds))
}

/// Builds the target and lets libFuzzer search. What it finds of interest is kept for the next run.
fn fuzz(name: &str, seconds: u32) -> Result {
    let found = workspace::target("fuzz/corpus").join(name);
    let crashes = workspace::target("fuzz/crashes").join(name);
    for folder in [&found, &crashes] {
        fs::create_dir_all(folder).map_err(|error| Failure(format!("{}: {error}", folder.display())))?;
    }
    let mut fuzz = cargo(&["run", "--release", "--bin", name, "--"]);
    // The flags of fuzz/.cargo/config.toml count only where these are not set.
    fuzz.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS").current_dir(workspace::path("fuzz"));
    fuzz.arg(found).arg(workspace::path("fuzz/seeds").join(name));
    fuzz.arg(format!("-artifact_prefix={}/", crashes.display())).arg(format!("-max_total_time={seconds}"));
    run(fuzz)
}

fn targets() -> Result<Vec<String>> {
    let unreadable = |error| Failure(format!("fuzz/targets: {error}"));
    let mut names = Vec::new();
    for entry in fs::read_dir(workspace::path("fuzz/targets")).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}
