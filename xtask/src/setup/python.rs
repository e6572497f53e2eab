//! The Python tools, in environments of their own.

use std::path::PathBuf;

use crate::run::{Failure, Result, command, output, run};
use crate::workspace::{Stamp, checkov_tools, python_tools, read, root};

use super::say;
use super::system::{self, Part};

/// An environment: its stamp, its requirements, and the commands that are called in it.
struct Environment {
    name: &'static str,
    requirements: &'static str,
    commands: &'static [&'static str],
    tools: fn() -> PathBuf,
}

const TOOLS: Environment = Environment {
    name: "python",
    requirements: "xtask/requirements.txt",
    commands: &["moto_server", "cargo-lambda", "sam", "cfn-lint"],
    tools: python_tools,
};
const CHECKOV: Environment = Environment {
    name: "checkov",
    requirements: "xtask/checkov-requirements.txt",
    commands: &["checkov"],
    tools: checkov_tools,
};

/// Makes target/tools what the requirements say.
pub fn ensure() -> Result {
    [TOOLS, CHECKOV].iter().try_for_each(install)
}

fn install(environment: &Environment) -> Result {
    let version = output(command("python3", &["--version"]))
        .ok_or_else(|| Failure("Python 3 is missing; run: sudo apt-get install python3".into()))?;
    let requirements = read(environment.requirements)?;
    let tools: Vec<_> = requirements.lines().filter(|line| !line.starts_with('#')).collect();
    let tools = tools.join(" ");
    // The commands name their interpreter by its full path: a repository that was moved needs them anew.
    let stamp = Stamp::new(environment.name, &[version, root().display().to_string(), requirements.clone()]);
    let bin = (environment.tools)();
    if stamp.holds() && environment.commands.iter().all(|command| bin.join(command).exists()) {
        say("Python tools", &tools);
        return Ok(());
    }
    system::ensure(&[Part::PythonVenv])?;
    let folder = bin.parent().unwrap_or(&bin);
    say("Python tools", &format!("installing {tools} into {}", folder.display()));
    let mut create = command("python3", &["-m", "venv", "--clear"]);
    create.arg(folder);
    run(create)?;
    let quiet = ["install", "--quiet", "--disable-pip-version-check", "--requirement", environment.requirements];
    run(command(bin.join("pip"), &quiet))?;
    stamp.set()
}
