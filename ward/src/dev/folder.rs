//! The data folder: recognised, locked, reset.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

use super::DevError;
use crate::postgres;

/// The first line of the lock file: by it the folder is known to be ours.
const SIGNATURE: &str = "This folder belongs to `ward dev`; `ward dev --reset` empties it.";
const LOCK: &str = "lock";
const IGNORE: &str = ".gitignore";
/// Programs, not data: a reset leaves them.
const PROGRAMS: &str = "embedded-postgres";

/// The data folder, for as long as nobody else may use it.
#[derive(Debug)]
pub(super) struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Takes a folder for this process; makes it if need be. A folder with other things in it is refused.
    pub fn open(path: &Path) -> Result<Self, DevError> {
        // As root the server runs as another user, who has to get through.
        let mode = if geteuid().is_root() { 0o711 } else { 0o700 };
        DirBuilder::new().recursive(true).mode(mode).create(path).map_err(DevError::file("make", path))?;
        let path = path.canonicalize().map_err(DevError::file("open", path))?;
        let lock = path.join(LOCK);
        if !is_ours(&path)? {
            return Err(DevError::Foreign(path));
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock)
            .map_err(DevError::file("open", &lock))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DevError::Busy { pid: holder(&mut file), folder: path }),
            Err(TryLockError::Error(error)) => return Err(DevError::file("lock", lock)(error)),
        }
        let text = format!("{SIGNATURE}\n{}\n", std::process::id());
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text.as_bytes()))
            .map_err(DevError::file("write", &lock))?;
        // There is a key in here: it must not get into a repository by accident.
        let ignore = path.join(IGNORE);
        fs::write(&ignore, "*\n").map_err(DevError::file("write", ignore))?;
        Ok(Self { path, _lock: file })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Deletes the data and gives the names of what was there.
    pub fn reset(&self) -> Result<Vec<String>, DevError> {
        let mut names = entries(&self.path)?;
        names.retain(|name| ![LOCK, IGNORE, PROGRAMS].contains(&name.as_str()));
        if postgres::remove(&self.path)? && !names.iter().any(|name| name == "postgres") {
            names.push("postgres".to_owned());
        }
        for name in &names {
            let path = self.path.join(name);
            let removed =
                if path.is_dir() && !path.is_symlink() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            match removed {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(DevError::file("delete", path)(error));
                }
                _ => {}
            }
        }
        Ok(names)
    }
}

/// Ours is an empty folder, one with our signature, and one in which we were killed before we signed.
fn is_ours(folder: &Path) -> Result<bool, DevError> {
    let lock = folder.join(LOCK);
    let signed = fs::read_to_string(&lock).is_ok_and(|text| text.starts_with(SIGNATURE));
    let unsigned = fs::metadata(&lock).is_ok_and(|lock| lock.is_file() && lock.len() == 0);
    Ok(signed || entries(folder)?.iter().all(|name| name == LOCK && unsigned))
}

fn entries(folder: &Path) -> Result<Vec<String>, DevError> {
    let names = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect());
    let mut names: Vec<String> = names.map_err(DevError::file("read", folder))?;
    names.sort();
    Ok(names)
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.lines().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_is_told_the_folder_and_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let _first = DataFolder::open(folder.path()).unwrap();
        let error = DataFolder::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&folder.path().display().to_string()), "{error}");
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
    }

    #[test]
    fn a_folder_with_other_things_in_it_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("thesis.txt"), "years of work").unwrap();
        assert!(matches!(DataFolder::open(folder.path()), Err(DevError::Foreign(_))));
        assert_eq!(entries(folder.path()).unwrap(), ["thesis.txt"]);
    }

    #[test]
    fn a_reset_deletes_the_data_and_keeps_the_programs() {
        let folder = tempfile::tempdir().unwrap();
        let ours = DataFolder::open(folder.path()).unwrap();
        fs::write(ours.file("key"), "").unwrap();
        fs::create_dir_all(ours.file("outbox/new")).unwrap();
        fs::create_dir(ours.file(PROGRAMS)).unwrap();
        assert_eq!(ours.reset().unwrap(), ["key", "outbox"]);
        assert_eq!(entries(folder.path()).unwrap(), [IGNORE, PROGRAMS, LOCK]);
        drop(ours);
        DataFolder::open(folder.path()).unwrap();
    }
}
