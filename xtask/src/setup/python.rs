//! The Python tools of requirements.txt, in an environment of their own.

use crate::run::{Failure, Result, command, output, run};
use crate::workspace::{Stamp, python_tools, read, root, target};

use super::say;
use super::system::{self, Part};

/// The commands the tests call.
const COMMANDS: [&str; 4] = ["moto_server", "cargo-lambda", "sam", "cfn-lint"];

/// Makes target/tools/venv what requirements.txt says.
pub fn ensure() -> Result {
    let version = output(command("python3", &["--version"]))
        .ok_or_else(|| Failure("Python 3 is missing; run: sudo apt-get install python3".into()))?;
    let requirements = read("xtask/requirements.txt")?;
    let tools: Vec<_> = requirements.lines().filter(|line| !line.starts_with('#')).collect();
    let tools = tools.join(" ");
    // The commands name their interpreter by its full path: a repository that was moved needs them anew.
    let stamp = Stamp::new("python", &[version, root().display().to_string(), requirements.clone()]);
    if stamp.holds() && COMMANDS.iter().all(|command| python_tools().join(command).exists()) {
        say("Python tools", &tools);
        return Ok(());
    }
    system::ensure(&[Part::PythonVenv])?;
    say("Python tools", &format!("installing {tools} into target/tools/venv"));
    let environment = target("tools/venv");
    let mut create = command("python3", &["-m", "venv", "--clear"]);
    create.arg(environment);
    run(create)?;
    let pip = python_tools().join("pip");
    run(command(
        pip,
        &["install", "--quiet", "--disable-pip-version-check", "--requirement", "xtask/requirements.txt"],
    ))?;
    stamp.set()
}
