//! `ward token-key`: keys that sign access tokens, new and in a file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use auth::tokens::{KeySet, KeySetError};
use shared::clock::NoEntropy;
use zeroize::Zeroizing;

/// Why there is no key. The message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenKeyError {
    /// A file refused.
    #[error("could not {action} {}: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The refusal.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{} is no set of token keys: {cause}.\n`ward token-key` prints one.", path.display())]
    Form {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        cause: KeySetError,
    },
    /// The system gives no randomness.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

/// A JWK Set with a new key: alone, or before the keys of the set in `add`, where `-` is the standard input.
pub fn print(add: Option<&Path>) -> Result<Zeroizing<String>, TokenKeyError> {
    let set = match add {
        Some(path) => parse(path, &read(path)?)?.with_new_key()?,
        None => KeySet::generate()?,
    };
    Ok(set.to_json())
}

/// The set in a file for our eyes alone; a new one where there is no file yet.
pub fn kept_in(path: &Path) -> Result<Zeroizing<String>, TokenKeyError> {
    if path.exists() {
        let json = read(path)?;
        parse(path, &json)?;
        return Ok(json);
    }
    let json = KeySet::generate()?.to_json();
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(json.as_bytes()))
        .map_err(refused("write", path))?;
    Ok(json)
}

fn parse(path: &Path, json: &str) -> Result<KeySet, TokenKeyError> {
    KeySet::parse(json).map_err(|cause| TokenKeyError::Form { path: path.to_owned(), cause })
}

fn read(path: &Path) -> Result<Zeroizing<String>, TokenKeyError> {
    let mut json = Zeroizing::new(String::new());
    let read = if path == Path::new("-") {
        io::stdin().read_to_string(&mut json)
    } else {
        File::open(path).and_then(|mut file| file.read_to_string(&mut json))
    };
    read.map(|_| json).map_err(refused("read", path))
}

fn refused(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> TokenKeyError {
    move |source| TokenKeyError::File { action, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn kids(json: &str) -> Vec<String> {
        KeySet::parse(json).unwrap().keys().iter().map(|key| key.public().kid().to_owned()).collect()
    }

    #[test]
    fn a_rotation_prints_the_new_key_first_and_leaves_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let first = print(None).unwrap();
        std::fs::write(&path, &*first).unwrap();
        let both = kids(&print(Some(&path)).unwrap());
        assert_eq!((both.len(), &both[1]), (2, &kids(&first)[0]));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), *first);
    }

    #[test]
    fn a_file_is_made_once_and_for_us_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token-keys.json");
        let made = kept_in(&path).unwrap();
        assert_eq!(kept_in(&path).unwrap(), made);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn an_error_names_the_file_and_nothing_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        assert!(print(Some(&path)).unwrap_err().to_string().contains("could not read"));
        std::fs::write(&path, r#"{"keys": "marker-7f"}"#).unwrap();
        for error in [print(Some(&path)).unwrap_err(), kept_in(&path).unwrap_err()] {
            let error = error.to_string();
            assert!(error.contains("keys.json is no set of token keys") && !error.contains("marker"), "{error}");
        }
    }
}
