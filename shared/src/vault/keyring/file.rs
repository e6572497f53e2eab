//! A key file in place of KMS: for development, tests and small installations.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, MAX_TAG_LEN, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use zeroize::Zeroizing;

use super::{KeyContext, Keyring, NewDataKey, SecretKey, WrappedKey};
use crate::clock::Random;
use crate::vault::VaultError;

const HEADER: &str = "# Ward's master key. It opens every data key: keep it secret, and keep a copy in a safe place.\n";
/// The first byte of a wrapped key, so that the form may change.
const VERSION: u8 = 1;
const WRAPPED_LEN: usize = 1 + NONCE_LEN + 32 + MAX_TAG_LEN;

/// Why a key file can't serve.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file could not be read or written.
    #[error("the key file could not be {action}")]
    Io {
        /// What was tried: "opened", "created", "read", "written".
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Others than the owner may read or write the file.
    #[error("the key file is open to others than its owner: chmod 600 it")]
    Exposed,
    /// The file's one line that is no comment isn't the base64 form of 32 bytes.
    #[error("the key file holds no master key of 32 bytes")]
    Malformed,
    /// There is no randomness to make a key from.
    #[error(transparent)]
    NoEntropy(#[from] crate::clock::NoEntropy),
}

/// Wraps data keys with AES-256-GCM under a master key read from a file.
pub struct FileKeyring {
    master: LessSafeKey,
    key_id: String,
    random: Random,
}

impl FileKeyring {
    /// Reads the master key from `path`.
    ///
    /// # Errors
    /// [`KeyFileError`] where the file can't be read, is open to others, or holds no key.
    pub fn open(path: &Path, random: Random) -> Result<Self, KeyFileError> {
        let file = File::open(path).map_err(io_error("opened"))?;
        let metadata = file.metadata().map_err(io_error("read"))?;
        if metadata.mode() & 0o077 != 0 {
            return Err(KeyFileError::Exposed);
        }
        // One allocation of the right size: a text that grows leaves copies behind.
        let mut text = Zeroizing::new(String::with_capacity(4096));
        file.take(4096).read_to_string(&mut text).map_err(io_error("read"))?;
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (Some(line), None) = (lines.next(), lines.next()) else { return Err(KeyFileError::Malformed) };
        let master = Zeroizing::new(STANDARD.decode(line).map_err(|_| KeyFileError::Malformed)?);
        Self::new(&master, random)
    }

    /// Makes a new master key in a new file at `path`, readable by its owner only.
    ///
    /// # Errors
    /// [`KeyFileError`] where the file exists already or can't be written.
    pub fn create(path: &Path, random: Random) -> Result<Self, KeyFileError> {
        let master = Zeroizing::new(random.bytes::<32>()?);
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(io_error("created"))?;
        let line = Zeroizing::new(STANDARD.encode(*master));
        let written = [HEADER, &line, "\n"].iter().try_for_each(|text| file.write_all(text.as_bytes()));
        written.and_then(|()| file.sync_all()).map_err(io_error("written"))?;
        Self::new(&*master, random)
    }

    fn new(master: &[u8], random: Random) -> Result<Self, KeyFileError> {
        let key = UnboundKey::new(&AES_256_GCM, master).map_err(|_| KeyFileError::Malformed)?;
        let fingerprint = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, master), b"ward key file id");
        let (id, _) = fingerprint.as_ref().split_at(8);
        let key_id = id.iter().fold(String::from("file:"), |text, byte| format!("{text}{byte:02x}"));
        Ok(Self { master: LessSafeKey::new(key), key_id, random })
    }

    fn seal(&self, key: &SecretKey, context: &KeyContext<'_>) -> Result<WrappedKey, VaultError> {
        let aad = Aad::from(context.to_bytes()?);
        let nonce = self.random.bytes::<NONCE_LEN>()?;
        let mut bytes = Vec::with_capacity(WRAPPED_LEN);
        bytes.push(VERSION);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(key.expose());
        let tag = self
            .master
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad, &mut bytes[1 + NONCE_LEN..])
            .map_err(|_| VaultError::Malformed("a data key is too long"))?;
        bytes.extend_from_slice(tag.as_ref());
        Ok(WrappedKey { key_id: self.key_id.clone(), bytes })
    }

    fn make(&self, context: &KeyContext<'_>) -> Result<NewDataKey, VaultError> {
        let key = SecretKey::from_bytes(self.random.bytes::<32>()?.to_vec())?;
        let wrapped = self.seal(&key, context)?;
        Ok(NewDataKey { key, wrapped })
    }

    fn open_wrapped(&self, wrapped: &[u8], context: &KeyContext<'_>) -> Result<SecretKey, VaultError> {
        let malformed = VaultError::Malformed("not a data key wrapped by a key file");
        let Some((&VERSION, rest)) = wrapped.split_first() else { return Err(malformed) };
        let Some((nonce, sealed)) = rest.split_first_chunk::<NONCE_LEN>() else { return Err(malformed) };
        let aad = Aad::from(context.to_bytes()?);
        let mut bytes = Zeroizing::new(sealed.to_vec());
        let length = self
            .master
            .open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut bytes)
            .map_err(|_| VaultError::Rejected)?
            .len();
        bytes.truncate(length);
        SecretKey::from_bytes(bytes)
    }
}

impl Keyring for FileKeyring {
    fn generate<'a>(&'a self, context: &'a KeyContext<'a>) -> BoxFuture<'a, Result<NewDataKey, VaultError>> {
        async { self.make(context) }.boxed()
    }

    fn wrap<'a>(
        &'a self,
        key: &'a SecretKey,
        context: &'a KeyContext<'a>,
    ) -> BoxFuture<'a, Result<WrappedKey, VaultError>> {
        async { self.seal(key, context) }.boxed()
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        context: &'a KeyContext<'a>,
    ) -> BoxFuture<'a, Result<SecretKey, VaultError>> {
        async { self.open_wrapped(wrapped, context) }.boxed()
    }

    /// Never: the file's key is in this process anyway.
    fn rewrap<'a>(
        &'a self,
        _: &'a WrappedKey,
        _: &'a KeyContext<'a>,
    ) -> BoxFuture<'a, Result<Option<WrappedKey>, VaultError>> {
        async { Ok(None) }.boxed()
    }

    fn describe(&self) -> BoxFuture<'_, Result<String, VaultError>> {
        async { Ok(self.key_id.clone()) }.boxed()
    }
}

fn io_error(action: &'static str) -> impl FnOnce(io::Error) -> KeyFileError {
    move |source| KeyFileError::Io { action, source }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use tempfile::TempDir;
    use uuid::Uuid;

    use super::*;

    const CONTEXT: KeyContext<'_> = KeyContext { app: "ward", env: "test", subject: Uuid::nil(), version: 1 };

    fn keyring(folder: &TempDir) -> FileKeyring {
        FileKeyring::create(&folder.path().join("key"), Random::default()).unwrap()
    }

    fn written(folder: &TempDir, text: &str, mode: u32) -> Result<FileKeyring, KeyFileError> {
        let path = folder.path().join("written");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        FileKeyring::open(&path, Random::default())
    }

    #[tokio::test]
    async fn a_key_file_opened_again_unwraps_what_it_wrapped() {
        let folder = TempDir::new().unwrap();
        let made = keyring(&folder);
        let data_key = made.generate(&CONTEXT).await.unwrap();
        let opened = FileKeyring::open(&folder.path().join("key"), Random::default()).unwrap();
        assert_eq!(opened.unwrap(&data_key.wrapped.bytes, &CONTEXT).await.unwrap().expose(), data_key.key.expose());
        assert_eq!(opened.describe().await.unwrap(), data_key.wrapped.key_id);
        assert_eq!(data_key.wrapped.bytes.len(), WRAPPED_LEN);
        let again = opened.wrap(&data_key.key, &CONTEXT).await.unwrap();
        assert_ne!(again.bytes, data_key.wrapped.bytes);
        assert_eq!(made.unwrap(&again.bytes, &CONTEXT).await.unwrap().expose(), data_key.key.expose());
    }

    #[tokio::test]
    async fn a_wrapped_key_opens_under_its_own_context_and_master_key_only() {
        let (folder, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let (mine, other) = (keyring(&folder), keyring(&other));
        let wrapped = mine.generate(&CONTEXT).await.unwrap().wrapped.bytes;
        let elsewhere = [
            KeyContext { app: "other", ..CONTEXT },
            KeyContext { env: "prod", ..CONTEXT },
            KeyContext { subject: Uuid::from_u128(1), ..CONTEXT },
            KeyContext { version: 2, ..CONTEXT },
        ];
        for context in elsewhere {
            assert!(matches!(mine.unwrap(&wrapped, &context).await, Err(VaultError::Rejected)), "{context:?}");
        }
        assert!(matches!(other.unwrap(&wrapped, &CONTEXT).await, Err(VaultError::Rejected)));
        assert_ne!(mine.describe().await.unwrap(), other.describe().await.unwrap());
    }

    #[tokio::test]
    async fn changed_and_cut_wrapped_keys_do_not_open() {
        let folder = TempDir::new().unwrap();
        let keyring = keyring(&folder);
        let wrapped = keyring.generate(&CONTEXT).await.unwrap().wrapped.bytes;
        for at in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[at] ^= 1;
            assert!(keyring.unwrap(&changed, &CONTEXT).await.is_err(), "byte {at}");
            assert!(keyring.unwrap(&wrapped[..at], &CONTEXT).await.is_err(), "cut to {at}");
        }
    }

    #[test]
    fn a_new_key_file_is_its_owners_alone_and_replaces_none() {
        let folder = TempDir::new().unwrap();
        keyring(&folder);
        let path = folder.path().join("key");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let again = FileKeyring::create(&path, Random::default());
        assert!(matches!(again, Err(KeyFileError::Io { action: "created", .. })));
    }

    #[test]
    fn a_key_file_that_is_exposed_missing_or_malformed_is_refused() {
        let folder = TempDir::new().unwrap();
        let key = STANDARD.encode([7; 32]);
        assert!(written(&folder, &format!("# comment\n\n  {key}\n"), 0o600).is_ok());
        for mode in [0o640, 0o604, 0o620, 0o666] {
            assert!(matches!(written(&folder, &key, mode), Err(KeyFileError::Exposed)), "{mode:o}");
        }
        for text in ["", "# comment\n", "not base64!", &STANDARD.encode([7; 31]), &format!("{key}\n{key}\n")] {
            assert!(matches!(written(&folder, text, 0o600), Err(KeyFileError::Malformed)), "{text}");
        }
        let missing = FileKeyring::open(&folder.path().join("none"), Random::default());
        assert!(matches!(missing, Err(KeyFileError::Io { action: "opened", .. })));
    }
}
