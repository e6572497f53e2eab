//! Sizes of the release binaries.

use std::fs;
use std::path::Path;

use crate::report::{Report, Row};
use crate::{FUNCTIONS, Outcome};

/// Stripped.
const BUDGET_MB: f64 = 15.0;

/// Looks at each binary.
pub fn measure(binaries: &Path, report: &mut Report) -> Outcome {
    let megabytes = |name: &str| -> Outcome<f64> {
        let bytes = u32::try_from(fs::metadata(binaries.join(name))?.len())?;
        Ok(f64::from(bytes) / 1e6)
    };
    let floor = format!("{:.1} MB", megabytes("hello")?);
    let mut rows = Vec::new();
    for name in FUNCTIONS.into_iter().chain(["maintenance", "migrate"]) {
        let size = megabytes(name)?;
        rows.push(Row {
            what: name.to_owned(),
            measured: format!("{size:.1} MB"),
            floor: floor.clone(),
            budget: Some((format!("under {BUDGET_MB} MB"), size < BUDGET_MB)),
        });
    }
    report.section(
        "Size",
        "Release binaries for this machine's processor, stripped. The floor is the bare `lambda_http` hello.",
        rows,
    );
    Ok(())
}
