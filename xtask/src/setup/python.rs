//! The Python tools of requirements.txt, in an environment of their own.

use crate::run::{Failure, Result, command, output, run};
use crate::workspace::{Stamp, path, python_tools, read};

use super::say;
use super::system::{self, Part};

/// Makes target/tools/venv what requirements.txt says.
pub fn ensure() -> Result {
    let version = output(command("python3", &["--version"]))
        .ok_or_else(|| Failure("Python 3 is missing; run: sudo apt-get install python3".into()))?;
    let requirements = read("xtask/requirements.txt")?;
    let tools: Vec<_> = requirements.lines().filter(|line| !line.starts_with('#')).collect();
    let tools = tools.join(" ");
    let stamp = Stamp::new("python", &[version, requirements.clone()]);
    if stamp.holds() && python_tools().join("python3").exists() {
        say("Python tools", &tools);
        return Ok(());
    }
    system::ensure(&[Part::PythonVenv])?;
    say("Python tools", &format!("installing {tools} into target/tools/venv"));
    let environment = path("target/tools/venv");
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
