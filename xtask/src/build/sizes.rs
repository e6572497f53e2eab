//! How large the functions are, beside what Lambda takes.

use std::fs;
use std::path::{Path, PathBuf};

use crate::run::{Failure, Result};
use crate::workspace::target;

/// What a function may have unpacked, its layers included: 250 MB, which Lambda counts as MiB.
const LARGEST_BYTES: u64 = 250 * 1024 * 1024;

/// A function and its sizes.
struct Size {
    name: String,
    bytes: u64,
    zipped: u64,
}

/// Prints a line for each function, and fails where Lambda would refuse one.
pub fn report(functions: &[String], page: Option<PathBuf>) -> Result {
    let sizes: Vec<_> = functions.iter().map(|name| size(name)).collect::<Result<_>>()?;
    println!("\n{:<14} {:>12} {:>12}  share of Lambda's limit", "function", "bytes", "zipped");
    for Size { name, bytes, zipped } in &sizes {
        println!("{name:<14} {bytes:>12} {zipped:>12}  {:>5.1} %", share(*bytes));
    }
    if let Some(page) = page {
        println!("{:<14} {:>12}  in {}", "page", size_of_folder(&page)?, page.display());
    }
    println!("\nThe functions are in {}.", target("lambda").display());
    too_large(&sizes)
}

fn share(bytes: u64) -> f64 {
    let thousandths = bytes.saturating_mul(1000) / LARGEST_BYTES;
    f64::from(u32::try_from(thousandths).unwrap_or(u32::MAX)) / 10.0
}

fn too_large(sizes: &[Size]) -> Result {
    let large: Vec<_> = sizes.iter().filter(|size| size.bytes > LARGEST_BYTES).map(|size| size.name.as_str()).collect();
    if large.is_empty() {
        return Ok(());
    }
    Err(Failure(format!("larger than the {LARGEST_BYTES} bytes that Lambda takes: {}", large.join(", "))))
}

fn size(name: &str) -> Result<Size> {
    let folder = target("lambda").join(name);
    let of = |file: &str| size_of_file(&folder.join(file));
    Ok(Size { name: name.to_owned(), bytes: of("bootstrap")?, zipped: of("bootstrap.zip")? })
}

fn size_of_file(file: &Path) -> Result<u64> {
    fs::metadata(file).map(|file| file.len()).map_err(|error| Failure(format!("{}: {error}", file.display())))
}

fn size_of_folder(folder: &Path) -> Result<u64> {
    let unreadable = |error| Failure(format!("{}: {error}", folder.display()));
    let mut all = 0;
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        all += if path.is_dir() { size_of_folder(&path)? } else { size_of_file(&path)? };
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sized(bytes: u64) -> Vec<Size> {
        vec![Size { name: "auth".into(), bytes, zipped: 1 }]
    }

    #[test]
    fn a_function_that_lambda_would_refuse_fails_the_build() {
        assert!(too_large(&sized(LARGEST_BYTES)).is_ok());
        let failure = too_large(&sized(LARGEST_BYTES + 1)).expect_err("it is too large").to_string();
        assert!(failure.contains("auth") && failure.contains("262144000"), "{failure}");
        assert!((share(LARGEST_BYTES / 2) - 50.0).abs() < 0.01);
    }
}
