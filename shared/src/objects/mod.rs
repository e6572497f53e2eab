//! Objects: bytes too large for a table, in S3 or, in development, in a folder.
//!
//! Small ones come and go through Ward. Large ones go straight to S3 by a signed URL that says what may be sent; a folder
//! has no such URLs, so its function takes them itself ([`Objects::receive`]).

mod credentials;
mod error;
mod folder;
mod http;
mod s3;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutPayload};
use tokio::sync::OnceCell;

pub use self::error::ObjectError;
use self::folder::Folder;
use self::s3::S3;
use crate::aws::SdkConfig;
use crate::clock::Clock;
use crate::config::FilesStore;

/// Bytes of a SHA-256.
pub type Sha256 = [u8; 32];

/// What an upload has to be, bound into its URL's signature.
#[derive(Clone, Copy, Debug)]
pub struct Promise<'a> {
    /// Its media type.
    pub content_type: &'a str,
    /// Its length in bytes, exactly.
    pub length: u64,
    /// The SHA-256 of its bytes.
    pub sha256: &'a Sha256,
}

/// A URL that takes one upload.
#[derive(Clone, Debug)]
pub struct UploadUrl {
    /// Where to PUT.
    pub url: String,
    /// The headers to send with it, all of them signed. The length goes without saying: every client sends it.
    pub headers: Vec<(&'static str, String)>,
}

/// What the store says of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its length in bytes.
    pub length: u64,
    /// The SHA-256 the store computed as it took it; `None` where it did not.
    pub sha256: Option<Sha256>,
}

/// A part of an object, on its way.
pub struct Part {
    /// Bytes of the whole object.
    pub object_length: u64,
    /// The part's bytes.
    pub bytes: BoxStream<'static, Result<Bytes, ObjectError>>,
}

/// An object store. Cheap to clone; opens nothing before its first use.
#[derive(Clone)]
pub struct Objects(Arc<Inner>);

struct Inner {
    place: Place,
    clock: Clock,
    opened: OnceCell<Opened>,
}

enum Place {
    Bucket { name: String, key_id: String, config: Option<Box<SdkConfig>> },
    Folder(PathBuf),
}

struct Opened {
    store: Arc<dyn ObjectStore>,
    kind: Kind,
}

enum Kind {
    S3(S3),
    Folder(Folder),
}

impl Objects {
    /// The store that the settings name.
    pub fn new(store: &FilesStore, clock: Clock) -> Self {
        let place = match store {
            FilesStore::Bucket { name, key_id } => {
                Place::Bucket { name: name.clone(), key_id: key_id.clone(), config: None }
            }
            FilesStore::Folder(folder) => Place::Folder(folder.clone()),
        };
        Self(Arc::new(Inner { place, clock, opened: OnceCell::new() }))
    }

    /// A bucket with a configuration of the caller's in place of the process's own.
    pub fn on_aws(name: &str, key_id: &str, config: SdkConfig, clock: Clock) -> Self {
        let place = Place::Bucket { name: name.to_owned(), key_id: key_id.to_owned(), config: Some(Box::new(config)) };
        Self(Arc::new(Inner { place, clock, opened: OnceCell::new() }))
    }

    /// Whether uploads come to [`Objects::receive`] and not to a URL of the store's own.
    pub fn is_folder(&self) -> bool {
        matches!(self.0.place, Place::Folder(_))
    }

    /// Stores an object, in place of what stood there.
    pub async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), ObjectError> {
        let store = &self.opened().await?.store;
        let put = store.put(&Path::from(key), PutPayload::from(bytes)).await;
        put.map(drop).map_err(ObjectError::of("put"))
    }

    /// A part of an object. One that ends before the part does is refused.
    pub async fn read(&self, key: &str, range: Range<u64>) -> Result<Part, ObjectError> {
        let store = &self.opened().await?.store;
        let wanted = range.clone();
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        let got = store.get_opts(&Path::from(key), options).await.map_err(ObjectError::of("read"))?;
        if got.range != wanted {
            return Err(ObjectError::Failed("read", "it is shorter than it should be"));
        }
        let object_length = got.meta.size;
        Ok(Part { object_length, bytes: got.into_stream().map_err(ObjectError::of("read")).boxed() })
    }

    /// The keys that begin with `prefix`, a folder's name and a slash, and how long each object is.
    pub async fn list(&self, prefix: &str) -> Result<Vec<(String, u64)>, ObjectError> {
        let store = &self.opened().await?.store;
        let listed = store.list(Some(&Path::from(prefix))).map_ok(|meta| (meta.location.to_string(), meta.size));
        listed.try_collect().await.map_err(ObjectError::of("list"))
    }

    /// A whole object of this length.
    pub async fn read_all(&self, key: &str, length: u64) -> Result<Vec<u8>, ObjectError> {
        let part = self.read(key, 0..length).await?;
        part.bytes
            .try_fold(Vec::new(), async |mut all, bytes| {
                all.extend_from_slice(&bytes);
                Ok(all)
            })
            .await
    }

    /// Deletes an object; one that is not there is no error.
    pub async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        match self.opened().await?.store.delete(&Path::from(key)).await.map_err(ObjectError::of("delete")) {
            Ok(()) | Err(ObjectError::Missing(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// What there is under a key.
    pub async fn head(&self, key: &str) -> Result<Option<Stored>, ObjectError> {
        match &self.opened().await?.kind {
            Kind::S3(s3) => s3.head(key, &self.0.clock).await,
            Kind::Folder(folder) => folder.head(key).await,
        }
    }

    /// A URL that takes one upload straight to the store and holds for `valid`; `None` where the store is a folder.
    pub async fn upload_url(
        &self,
        key: &str,
        promise: &Promise<'_>,
        valid: Duration,
    ) -> Result<Option<UploadUrl>, ObjectError> {
        match &self.opened().await?.kind {
            Kind::S3(s3) => s3.upload_url(key, promise, valid, &self.0.clock).await.map(Some),
            Kind::Folder(_) => Ok(None),
        }
    }

    /// A URL that gives an object straight from the store with these two headers and holds for `valid`; `None` where the
    /// store is a folder. It stands in logs of the store's: `disposition` names nobody.
    pub async fn download_url(
        &self,
        key: &str,
        content_type: &str,
        disposition: &str,
        valid: Duration,
    ) -> Result<Option<String>, ObjectError> {
        match &self.opened().await?.kind {
            Kind::S3(s3) => s3.download_url(key, content_type, disposition, valid, &self.0.clock).await.map(Some),
            Kind::Folder(_) => Ok(None),
        }
    }

    /// Takes an upload into a folder, as far as it is what was promised.
    ///
    /// # Errors
    /// [`ObjectError::NotAsPromised`]: then nothing is stored.
    pub async fn receive<E: std::fmt::Debug>(
        &self,
        key: &str,
        promise: &Promise<'_>,
        bytes: impl Stream<Item = Result<Bytes, E>> + Send,
    ) -> Result<(), ObjectError> {
        match &self.opened().await?.kind {
            Kind::Folder(folder) => folder.receive(key, promise, bytes).await,
            Kind::S3(_) => Err(ObjectError::Failed("receive", "the store takes uploads itself")),
        }
    }

    async fn opened(&self) -> Result<&Opened, ObjectError> {
        self.0
            .opened
            .get_or_try_init(async || match &self.0.place {
                Place::Bucket { name, key_id, config } => {
                    let config = match config {
                        Some(config) => config,
                        None => crate::aws::sdk_config().await,
                    };
                    let (store, s3) = S3::open(name, key_id, config, self.0.clock.clone())?;
                    Ok(Opened { store: Arc::new(store), kind: Kind::S3(s3) })
                }
                Place::Folder(path) => {
                    let folder = Folder::open(path).await?;
                    Ok(Opened { store: Arc::new(folder.store()), kind: Kind::Folder(folder) })
                }
            })
            .await
    }
}
