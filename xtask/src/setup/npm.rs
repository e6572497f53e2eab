//! The npm packages of a folder, exactly as its lock file has them.

use crate::run::{Failure, Result, command, output, run};
use crate::workspace::{Stamp, path, read};

use super::say;

/// Runs `npm ci` in the folder unless its packages are there already.
pub fn ensure(folder: &str) -> Result {
    let node = output(command("node", &["--version"])).ok_or_else(|| Failure("node doesn't run".into()))?;
    let lock = read(&format!("{folder}/package-lock.json"))?;
    let stamp = Stamp::new(&format!("npm-{}", folder.replace('/', "-")), &[node, lock]);
    if stamp.holds() && path(folder).join("node_modules").exists() {
        say("npm packages", &format!("{folder}/node_modules"));
        return Ok(());
    }
    say("npm packages", &format!("installing into {folder}/node_modules"));
    run(command("npm", &["ci", "--no-audit", "--no-fund", "--prefix", folder]))?;
    stamp.set()
}
