//! Finding PostgreSQL's programs on the machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The major versions Ward's schema is tested with, and which differ in nothing it uses.
const VERSIONS: std::ops::RangeInclusive<u32> = 14..=18;

/// A folder with `initdb` and `postgres` of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    pub folder: PathBuf,
    pub version: u32,
}

impl Binaries {
    /// The newest that fits: of exactly the version `wanted`, where data of that version is there already.
    pub fn find(wanted: Option<u32>) -> Option<Self> {
        newest(packaged(), wanted).or_else(|| newest(on_the_path(), wanted))
    }

    /// The programs in a folder, if they are there, run, and are of a version we know.
    pub fn in_folder(folder: &Path) -> Option<Self> {
        let version = printed_version(&run(&folder.join("postgres"), "--version")?)?;
        let complete = folder.join("initdb").is_file() && VERSIONS.contains(&version);
        complete.then(|| Self { folder: folder.to_owned(), version })
    }

    pub fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }

    pub fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }
}

/// What to call the versions that would do.
pub(super) fn describe(wanted: Option<u32>) -> String {
    wanted.map_or_else(|| format!("{} to {}", VERSIONS.start(), VERSIONS.end()), |version| version.to_string())
}

fn newest(found: impl Iterator<Item = Binaries>, wanted: Option<u32>) -> Option<Binaries> {
    found.filter(|it| wanted.is_none_or(|version| version == it.version)).max_by_key(|it| it.version)
}

/// Where Debian, Red Hat and Homebrew put them. The folder's name tells the version: no program has to run.
fn packaged() -> impl Iterator<Item = Binaries> {
    let places = [
        ("/usr/lib/postgresql", ""),
        ("/usr", "pgsql-"),
        ("/opt/homebrew/opt", "postgresql@"),
        ("/usr/local/opt", "postgresql@"),
    ];
    places.into_iter().flat_map(|(parent, prefix)| {
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        entries.filter_map(move |entry| {
            let version = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            let found = Binaries { folder: entry.path().join("bin"), version };
            let complete = found.initdb().is_file() && found.postgres().is_file();
            (complete && VERSIONS.contains(&version)).then_some(found)
        })
    })
}

fn on_the_path() -> impl Iterator<Item = Binaries> {
    let asked = Command::new("sh").args(["-c", "command -v postgres; pg_config --bindir"]).output().ok();
    let lines = asked.and_then(|answer| String::from_utf8(answer.stdout).ok()).unwrap_or_default();
    let folders: Vec<PathBuf> = lines.lines().filter_map(folder_of).collect();
    folders.into_iter().filter_map(|folder| Binaries::in_folder(&folder))
}

/// The folder in a line that names it or the server in it, through links: the rest of the installation is there.
fn folder_of(line: &str) -> Option<PathBuf> {
    let path = Path::new(line).canonicalize().ok()?;
    if path.is_dir() { Some(path) } else { path.parent().map(Path::to_owned) }
}

fn run(program: &Path, argument: &str) -> Option<String> {
    let answer = Command::new(program).arg(argument).output().ok()?;
    answer.status.success().then(|| String::from_utf8_lossy(&answer.stdout).into_owned())
}

/// The major version in `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`.
fn printed_version(line: &str) -> Option<u32> {
    let number = line.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    number.split(|at: char| !at.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_postgres_prints() {
        assert_eq!(printed_version("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"), Some(15));
        assert_eq!(printed_version("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(printed_version("postgres (EnterpriseDB) x"), None);
    }

    #[test]
    fn data_of_a_version_takes_that_version_only() {
        let found = |version| Binaries { folder: PathBuf::new(), version };
        let all = || [found(15), found(18), found(17)].into_iter();
        assert_eq!(newest(all(), None), Some(found(18)));
        assert_eq!(newest(all(), Some(15)), Some(found(15)));
        assert_eq!(newest(all(), Some(16)), None);
    }
}
