//! A folder in place of S3, for development and tests.

use std::os::unix::fs::DirBuilderExt;
use std::path::Path as FilePath;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use ring::digest::{Context, SHA256};

use super::{ObjectError, Promise, Sha256, Stored};

/// A folder of objects.
pub(super) struct Folder(LocalFileSystem);

impl Folder {
    /// The folder, made for us alone where it is not there yet.
    pub(super) async fn open(path: &FilePath) -> Result<Self, ObjectError> {
        const FAILED: ObjectError = ObjectError::Failed("open", "the folder can't be made or read");
        let path = path.to_owned();
        let opened = tokio::task::spawn_blocking(move || {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(|_| FAILED)?;
            LocalFileSystem::new_with_prefix(path).map_err(|_| FAILED)
        });
        opened.await.map_err(|_| FAILED)?.map(Self)
    }

    pub(super) fn store(&self) -> LocalFileSystem {
        self.0.clone()
    }

    /// Reads all of the object: a folder keeps no checksums.
    pub(super) async fn head(&self, key: &str) -> Result<Option<Stored>, ObjectError> {
        let got = match self.0.get(&Path::from(key)).await.map_err(ObjectError::of("head")) {
            Ok(got) => got,
            Err(ObjectError::Missing(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let length = got.meta.size;
        let (mut bytes, mut digest) = (got.into_stream(), Context::new(&SHA256));
        while let Some(chunk) = bytes.next().await {
            digest.update(&chunk.map_err(ObjectError::of("head"))?);
        }
        Ok(Some(Stored { length, sha256: Some(finished(digest)) }))
    }

    /// Writes beside the object's place and moves it there once it is what was promised.
    pub(super) async fn receive<E: std::fmt::Debug>(
        &self,
        key: &str,
        promise: &Promise<'_>,
        bytes: impl Stream<Item = Result<Bytes, E>> + Send,
    ) -> Result<(), ObjectError> {
        let failed = ObjectError::of("receive");
        let mut upload = self.0.put_multipart(&Path::from(key)).await.map_err(&failed)?;
        match fill(&mut *upload, promise, bytes).await {
            Ok(()) => upload.complete().await.map(drop).map_err(failed),
            Err(error) => {
                upload.abort().await.map_err(failed)?;
                Err(error)
            }
        }
    }
}

async fn fill<E: std::fmt::Debug>(
    upload: &mut dyn MultipartUpload,
    promise: &Promise<'_>,
    bytes: impl Stream<Item = Result<Bytes, E>> + Send,
) -> Result<(), ObjectError> {
    let mut bytes = std::pin::pin!(bytes);
    let (mut length, mut digest) = (0_u64, Context::new(&SHA256));
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk.map_err(|_| ObjectError::NotAsPromised)?;
        length += chunk.len() as u64;
        if length > promise.length {
            return Err(ObjectError::NotAsPromised);
        }
        digest.update(&chunk);
        upload.put_part(PutPayload::from(chunk)).await.map_err(ObjectError::of("receive"))?;
    }
    if length == promise.length && finished(digest) == *promise.sha256 {
        Ok(())
    } else {
        Err(ObjectError::NotAsPromised)
    }
}

fn finished(digest: Context) -> Sha256 {
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest.finish().as_ref());
    sha256
}
