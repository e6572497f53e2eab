//! Settings of files.

use std::path::PathBuf;

use super::ConfigError;
use super::parse::number;

/// S3 takes no more in a single PUT.
const LARGEST_PUT: u64 = 5 * 1024 * 1024 * 1024;

/// Where the content of files is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilesStore {
    /// An S3 bucket (`FILES_BUCKET`), whose objects are encrypted under a KMS key (`FILES_KEY_ID`).
    Bucket {
        /// The bucket's name.
        name: String,
        /// Id, ARN or alias of the KMS key.
        key_id: String,
    },
    /// A folder (`FILES_DIR`): for development and tests.
    Folder(PathBuf),
}

/// A virus scanner that speaks clamd's protocol (`FILES_SCANNER=clamd://host:port`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scanner {
    /// Host or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// Settings of files.
#[derive(Clone, Debug)]
pub struct FilesSettings {
    /// Where their content is; `None` where there are no files.
    pub store: Option<FilesStore>,
    /// Bytes of the largest file (`FILES_LARGEST_BYTES`), at most 5 GiB: S3's limit for a single PUT.
    pub largest_bytes: u64,
    /// Most files of one user (`FILES_PER_USER`).
    pub per_user: u64,
    /// Most bytes of all files of one user (`FILES_BYTES_PER_USER`).
    pub bytes_per_user: u64,
    /// The scanner; without one, files are ready at once.
    pub scanner: Option<Scanner>,
}

pub(super) fn parse(get: &dyn Fn(&str) -> Option<String>) -> Result<FilesSettings, ConfigError> {
    let largest_bytes = number(get, "FILES_LARGEST_BYTES", 1024 * 1024 * 1024)?;
    if !(1..=LARGEST_PUT).contains(&largest_bytes) {
        return Err(ConfigError::Invalid("FILES_LARGEST_BYTES", "between 1 byte and 5 GiB"));
    }
    Ok(FilesSettings {
        store: store(get)?,
        largest_bytes,
        per_user: number(get, "FILES_PER_USER", 1_000)?,
        bytes_per_user: bytes_per_user(get)?,
        scanner: scanner(get)?,
    })
}

fn bytes_per_user(get: &dyn Fn(&str) -> Option<String>) -> Result<u64, ConfigError> {
    let bytes = number(get, "FILES_BYTES_PER_USER", 10 * 1024 * 1024 * 1024)?;
    // The database counts in signed 64-bit numbers.
    i64::try_from(bytes).map(|_| bytes).map_err(|_| ConfigError::Invalid("FILES_BYTES_PER_USER", "below 8 EiB"))
}

fn store(get: &dyn Fn(&str) -> Option<String>) -> Result<Option<FilesStore>, ConfigError> {
    let Some(name) = get("FILES_BUCKET") else {
        return Ok(get("FILES_DIR").map(|folder| FilesStore::Folder(folder.into())));
    };
    let key_id = get("FILES_KEY_ID")
        .ok_or(ConfigError::Missing("FILES_KEY_ID", "the KMS key that encrypts the objects of FILES_BUCKET"))?;
    Ok(Some(FilesStore::Bucket { name, key_id }))
}

fn scanner(get: &dyn Fn(&str) -> Option<String>) -> Result<Option<Scanner>, ConfigError> {
    let Some(text) = get("FILES_SCANNER") else { return Ok(None) };
    let address = text.trim().strip_prefix("clamd://").and_then(|address| address.rsplit_once(':'));
    let scanner = address.and_then(|(host, port)| {
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let port = port.parse().ok().filter(|port| *port != 0)?;
        (!host.is_empty() && !host.contains('/')).then(|| Scanner { host: host.to_owned(), port })
    });
    scanner.map(Some).ok_or(ConfigError::Invalid("FILES_SCANNER", "of the form clamd://host:port"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Result<FilesSettings, ConfigError> {
        parse(&|name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn without_a_store_there_are_no_files_and_a_bucket_needs_its_key() {
        assert_eq!(of(&[]).unwrap().store, None);
        assert_eq!(of(&[("FILES_DIR", "files")]).unwrap().store, Some(FilesStore::Folder("files".into())));
        assert!(matches!(of(&[("FILES_BUCKET", "b")]), Err(ConfigError::Missing("FILES_KEY_ID", _))));
        let both = of(&[("FILES_BUCKET", "b"), ("FILES_KEY_ID", "k"), ("FILES_DIR", "files")]).unwrap();
        assert_eq!(both.store, Some(FilesStore::Bucket { name: "b".into(), key_id: "k".into() }));
    }

    #[test]
    fn a_scanner_is_named_by_host_and_port() {
        let scanner = |text| of(&[("FILES_SCANNER", text)]).map(|settings| settings.scanner);
        let at = |host: &str, port| Some(Scanner { host: host.into(), port });
        assert_eq!(scanner("clamd://clamd.internal:3310").unwrap(), at("clamd.internal", 3310));
        assert_eq!(scanner("clamd://[::1]:3310").unwrap(), at("::1", 3310));
        for wrong in
            ["clamd", "clamd://", "clamd://host", "clamd://host:0", "clamd://:1", "http://host:1", "clamd://h/x:1"]
        {
            assert!(matches!(scanner(wrong), Err(ConfigError::Invalid("FILES_SCANNER", _))), "{wrong}");
        }
    }

    #[test]
    fn the_largest_file_fits_into_a_single_put() {
        assert!(of(&[("FILES_LARGEST_BYTES", "5368709120")]).is_ok());
        assert!(of(&[("FILES_LARGEST_BYTES", "5368709121")]).is_err());
        assert!(of(&[("FILES_LARGEST_BYTES", "0")]).is_err());
        assert!(of(&[("FILES_BYTES_PER_USER", "9223372036854775808")]).is_err());
    }
}
