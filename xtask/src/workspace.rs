//! Where things are in the repository, and what was already set up.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::run::{Failure, Result};

/// The repository's root.
pub fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// A path below the root.
pub fn path(relative: &str) -> PathBuf {
    root().join(relative)
}

/// A path below cargo's target folder, which need not be in the repository: this program is in it.
pub fn target(relative: &str) -> PathBuf {
    let xtask = env::current_exe().unwrap_or_default();
    xtask.ancestors().nth(2).map_or_else(|| path("target"), Path::to_path_buf).join(relative)
}

/// The commands of the Python tools.
pub fn python_tools() -> PathBuf {
    target("tools/venv/bin")
}

/// The commands of checkov, whose dependencies are pinned too tightly to live beside the others.
pub fn checkov_tools() -> PathBuf {
    target("tools/checkov/bin")
}

/// A step of the setup that need not run again until one of its inputs changes.
pub struct Stamp {
    file: PathBuf,
    inputs: String,
}

impl Stamp {
    /// The stamp called `name` for a step that depends on these texts.
    pub fn new(name: &str, inputs: &[String]) -> Self {
        Self { file: target("tools/stamps").join(name), inputs: inputs.join("\n--\n") }
    }

    /// Whether the step ran with the same inputs.
    pub fn holds(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|seen| seen == self.inputs)
    }

    /// Remembers that the step ran.
    pub fn set(&self) -> Result {
        let folder = self.file.parent().unwrap_or(&self.file);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&self.file, &self.inputs))
            .map_err(|error| Failure(format!("{}: {error}", self.file.display())))
    }
}

/// The text of a file of the repository.
pub fn read(relative: &str) -> Result<String> {
    fs::read_to_string(path(relative)).map_err(|error| Failure(format!("{relative}: {error}")))
}
