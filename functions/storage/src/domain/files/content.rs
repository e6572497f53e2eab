//! The content of a file, or a part of it, as it is asked for.

use std::ops::Range;

use axum::http::StatusCode;
use bytes::{Buf, Bytes, BytesMut};
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use shared::http::Problem;
use shared::identity::Caller;
use shared::objects::ObjectError;
use shared::vault::envelope::Frames;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Actor, File, direct, field, find, opened};
use crate::App;
use crate::model::file_state::FileState;
use crate::store::files::Stored;

/// A content on its way. It ends with an error where what is stored is not what was.
pub(crate) type Content = BoxStream<'static, Result<Bytes, Problem>>;

/// A file that can be downloaded.
pub(crate) struct Download {
    pub(crate) file: File,
    stored: Stored,
}

impl Download {
    /// The bytes of a part of the file.
    pub(crate) async fn content(&self, app: &App, caller: &Caller, range: Range<u64>) -> Result<Content, Problem> {
        open(app, caller.user_id(), &self.stored, range).await
    }

    /// A URL of the store's that gives the file, where it went straight there. It names the file by its id: URLs are
    /// logged, and its name is nobody's business there.
    pub(crate) async fn url(&self, app: &App) -> Result<Option<String>, Problem> {
        if self.stored.content_head.is_some() {
            return Ok(None);
        }
        let disposition = format!("attachment; filename=\"{}\"", self.file.id);
        let url =
            app.objects()?.download_url(&self.stored.filename, &self.file.mime_type, &disposition, direct::DOWNLOAD);
        Ok(url.await?)
    }
}

/// Finds a file to download.
///
/// # Errors
/// 409 `file_not_ready`, 403 `file_quarantined`.
pub(crate) async fn download(app: &App, caller: &Caller, id: Uuid) -> Result<Download, Problem> {
    let stored = find(app, Actor::Owner(caller), "file.download", id).await?;
    match stored.state {
        FileState::Ready => {}
        FileState::Quarantined => {
            return Err(Problem::forbidden("file_quarantined", "The scanner found something in this file")
                .detail("It can't be downloaded. Delete it."));
        }
        FileState::Uploading | FileState::Scanning => {
            return Err(Problem::new(StatusCode::CONFLICT, "file_not_ready", "The file is not ready yet")
                .detail("Its upload is not complete, or it has still to be scanned. Try again in a while."));
        }
    }
    Ok(Download { file: opened(&app.platform, caller.user_id(), &stored).await?, stored })
}

/// Finds a file for an export, whatever its state.
pub(crate) async fn find_for_export(app: &App, caller: &Caller, id: Uuid) -> Result<Download, Problem> {
    let stored = find(app, Actor::Owner(caller), "account.export.read", id).await?;
    Ok(Download { file: opened(&app.platform, caller.user_id(), &stored).await?, stored })
}

/// A part of a file's content, whatever its state. Its first bytes are there when this gives an answer, so that what can't be
/// read at all is an error and no stream.
pub(super) async fn open(app: &App, owner: Uuid, stored: &Stored, range: Range<u64>) -> Result<Content, Problem> {
    let objects = app.objects()?;
    let Some(head) = &stored.content_head else {
        let part = objects.read(&stored.filename, range).await?;
        if part.object_length != stored.size {
            return Err(Problem::internal("an object is not of its length"));
        }
        return Ok(part.bytes.map_err(Problem::from).boxed());
    };
    let (platform, row) = (&app.platform, stored.id.to_string());
    let field = field("content", &row);
    let frames = platform.vault.frames_any(&platform.db, owner, &field, head, stored.size).await?;
    let numbers = frames.holding(&range)?;
    let (first, last) = numbers.into_inner();
    let part = objects.read(&stored.filename, frames.place(first).start..frames.place(last).end).await?;
    if part.object_length != frames.sealed_length() {
        return Err(Problem::internal("an object is not of its length"));
    }
    let mut opening = Opening { frames, next: first, last, range, sealed: BytesMut::new(), source: part.bytes };
    let Some(begins) = opening.next().await? else { return Ok(stream::empty().boxed()) };
    let rest = stream::try_unfold(opening, async |mut opening| Ok(opening.next().await?.map(|bytes| (bytes, opening))));
    Ok(stream::once(async { Ok(begins) }).chain(rest).boxed())
}

/// Opens the frames of a sealed object as they come. At most a frame and a piece of the object are in memory.
struct Opening {
    frames: Frames,
    next: u32,
    last: u32,
    /// Of the plaintext.
    range: Range<u64>,
    /// What came and is not opened yet.
    sealed: BytesMut,
    source: BoxStream<'static, Result<Bytes, ObjectError>>,
}

impl Opening {
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        if self.next > self.last {
            return Ok(None);
        }
        let place = self.frames.place(self.next);
        let length = usize::try_from(place.end - place.start).map_err(|_| Problem::internal("a frame is too long"))?;
        while self.sealed.len() < length {
            let more = self.source.next().await.ok_or_else(|| Problem::internal("an object ended early"))??;
            self.sealed.extend_from_slice(&more);
        }
        let plaintext = self.frames.open(self.next, &self.sealed[..length])?;
        self.sealed.advance(length);
        let holds = self.frames.holds(self.next);
        self.next += 1;
        let within = |at: u64| usize::try_from(at - holds.start).unwrap_or(usize::MAX).min(plaintext.len());
        let (from, to) = (within(self.range.start.max(holds.start)), within(self.range.end.min(holds.end)));
        Ok(Some(Bytes::from_owner(Wiped(plaintext)).slice(from..to)))
    }
}

/// Plaintext that is overwritten once it is sent.
struct Wiped(Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
