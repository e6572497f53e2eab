//! `cargo xtask build`: what is deployed, as it is deployed.

mod sizes;

use std::ffi::OsString;
use std::process::Command;

use crate::run::{Failure, Result, cargo, command, output, run};
use crate::setup;
use crate::workspace::{path, python_tools, read};

/// What Lambda's arm64 functions are compiled for.
const TARGET: &str = "aarch64-unknown-linux-gnu";

/// What to build.
pub struct Options {
    /// The names of functions; none stands for all, and for the page.
    pub functions: Vec<String>,
    /// Whether to leave the optimiser out.
    pub debug: bool,
}

/// Builds the functions into `target/lambda/NAME`, then the page into web/dist.
pub fn all(options: &Options) -> Result {
    let known = functions(&read("template.yaml")?)?;
    if let Some(unknown) = options.functions.iter().find(|name| !known.contains(name)) {
        return Err(Failure(format!("template.yaml has no function {unknown}; it has {}", known.join(", "))));
    }
    let (chosen, everything) = match options.functions.as_slice() {
        [] => (known, true),
        some => (some.to_vec(), false),
    };
    setup::lambda_tools()?;
    ensure_target()?;
    for name in &chosen {
        // The second finds everything compiled, and packs it.
        run(cargo_lambda(name, options.debug, "binary"))?;
        run(cargo_lambda(name, options.debug, "zip"))?;
    }
    if everything {
        setup::web_packages()?;
        run(command("npm", &["run", "--silent", "build", "--prefix", "web"]))?;
    }
    sizes::report(&chosen, everything.then(|| path("web/dist")))
}

/// The binaries that template.yaml names under `BuildProperties`, each once and in its order.
fn functions(template: &str) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for (_, after) in template.lines().filter_map(|line| line.split_once("Binary: ")) {
        let name = after.trim_end_matches([' ', '}']).trim_matches(['"', '\'']).to_owned();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() { Err(Failure("template.yaml names no binary to build".into())) } else { Ok(names) }
}

/// One function alone, as `sam build` has it: together they would lend each other their crates' features.
fn cargo_lambda(function: &str, debug: bool, format: &str) -> Command {
    let mut build = cargo(&["lambda", "build", "--arm64", "--output-format", format]);
    build.args(["--package", function, "--bin", function]).env("PATH", with_tools());
    if !debug {
        build.arg("--release");
    }
    build
}

/// The PATH with cargo-lambda and zig's linker before everything else.
fn with_tools() -> OsString {
    let mut path = python_tools().into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    path
}

fn ensure_target() -> Result {
    let installed = output(command("rustup", &["target", "list", "--installed"]));
    match installed {
        Some(list) if list.lines().any(|target| target == TARGET) => Ok(()),
        Some(_) => run(command("rustup", &["target", "add", TARGET])),
        // Without rustup the standard library for it comes from wherever the compiler does.
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_of_the_template_is_built_once() {
        let template = "  BuildProperties: {Binary: auth}\n  BuildProperties:\n    Binary: ward\n{Binary: auth}\n";
        assert_eq!(functions(template).expect("names"), ["auth", "ward"]);
        assert!(functions("Resources: {}").is_err());
        let ours = functions(&read("template.yaml").expect("the template")).expect("names");
        assert!(ours.contains(&"auth".to_owned()) && ours.contains(&"migrate".to_owned()), "{ours:?}");
    }
}
