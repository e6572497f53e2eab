//! Large files: they go straight to the object store, and are looked at once they are there.

use axum::http::StatusCode;
use futures_util::TryStreamExt;
use jiff::Timestamp;
use shared::http::Problem;
use shared::identity::Caller;
use shared::objects::{ObjectError, Promise, Sha256, UploadUrl};
use uuid::Uuid;

use super::direct::{UPLOAD, upload_url};
use super::{
    Actor, File, content, content_hash, discard, disguised, field, find, full, object_key, opened, room, scan,
};
use crate::App;
use crate::model::file_name::FileName;
use crate::model::file_state::FileState;
use crate::model::media_type::{BYTES, SNIFFED, Sniffed, declared};
use crate::store::files::{self, New, Stored};

/// What a client says it is going to upload.
pub(crate) struct Announced {
    pub(crate) name: FileName,
    pub(crate) content_type: String,
    pub(crate) size: u64,
    pub(crate) content_hash: Sha256,
}

/// Makes room for a large file; gives where to upload it and until when.
pub(crate) async fn begin(
    app: &App,
    caller: &Caller,
    announced: &Announced,
) -> Result<(Uuid, UploadUrl, Timestamp), Problem> {
    let platform = &app.platform;
    app.objects()?;
    let largest = platform.settings.files.largest_bytes;
    if !(1..=largest).contains(&announced.size) {
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "The file is too large or empty")
            .detail(format!("An upload has 1 to {largest} bytes.")));
    }
    let declared_type = declared(Some(&announced.content_type));
    let (id, key) = (platform.new_id()?, object_key(platform, "direct")?);
    let (row, now) = (id.to_string(), platform.now());
    let ends = now + UPLOAD;
    let owner = platform.vault.owner_key(&platform.db, caller.user_id()).await?;
    let new = New {
        id,
        user_id: caller.user_id(),
        filename: &key,
        original_name: owner.seal(&field("original_name", &row), announced.name.as_str().as_bytes())?,
        declared_type,
        mime_type: BYTES,
        size: i64::try_from(announced.size).unwrap_or(i64::MAX),
        content_hash: owner.seal(&field("content_hash", &row), &announced.content_hash)?,
        content_head: None,
        upload_expires_at: Some(ends),
    };
    let promise = Promise { content_type: declared_type, length: announced.size, sha256: &announced.content_hash };
    let url = upload_url(app, &key, &promise, ends).await?;
    let scope = platform.db.scoped(Actor::Owner(caller).entry(app, "file.upload", id));
    if files::insert(&scope, &new, room(app), now).await? { Ok((id, url, ends)) } else { Err(full()) }
}

/// Looks at what was uploaded, and makes a file of it. A second time changes nothing.
///
/// # Errors
/// 409 `upload_incomplete` where nothing is there yet; 422 `upload_mismatch` and 415 `type_disguised` where it is not what
/// was announced: then it is gone.
pub(crate) async fn complete(app: &App, caller: &Caller, id: Uuid) -> Result<File, Problem> {
    let (platform, actor) = (&app.platform, Actor::Owner(caller));
    let stored = find(app, actor, "file.complete", id).await?;
    let stored = if stored.state == FileState::Uploading { finish(app, actor, stored).await? } else { stored };
    opened(platform, caller.user_id(), &stored).await
}

async fn finish(app: &App, actor: Actor<'_>, stored: Stored) -> Result<Stored, Problem> {
    let (objects, id) = (app.objects()?, stored.id);
    let there = match stored.content_head {
        // A small one, whose request is still under way or was cut off.
        Some(_) => None,
        None => objects.head(&stored.filename).await?,
    };
    let there = there.ok_or_else(incomplete)?;
    let promised = content_hash(&app.platform, actor.user_id(), &stored).await?;
    if there.length != stored.size || there.sha256 != Some(promised) {
        discard(app, actor, id).await?;
        return Err(mismatch());
    }
    let first = objects.read(&stored.filename, 0..stored.size.min(SNIFFED as u64)).await?.bytes;
    let first: Vec<_> = first.try_collect().await?;
    let sniffed = Sniffed::of(&first.concat());
    if sniffed.is_disguised_as(&stored.declared_type) {
        discard(app, actor, id).await?;
        return Err(disguised());
    }
    let mut state = FileState::Ready;
    if app.scanner().is_some() {
        // Before the scan, which may be cut off: the sweep goes on with what waits for one.
        scan::settle(app, actor, id, FileState::Scanning, sniffed.served()).await?;
        let content = content::open(app, actor.user_id(), &stored, 0..stored.size).await?;
        state = scan::state(app, content, scan::REQUEST).await;
    }
    scan::settle(app, actor, id, state, sniffed.served()).await?.ok_or_else(Problem::not_found)
}

fn incomplete() -> Problem {
    Problem::new(StatusCode::CONFLICT, "upload_incomplete", "The upload is not there yet")
        .detail("PUT the content to the URL first, then say so again.")
}

/// 422: what came is not what was announced.
pub(crate) fn mismatch() -> Problem {
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "upload_mismatch", "Another content was announced");
    problem.detail("Length or SHA-256 are not those the upload began with. Begin another.")
}

/// Why a folder did not take an upload, as S3 would say it.
pub(crate) fn refused(error: ObjectError) -> Problem {
    match error {
        ObjectError::NotAsPromised => mismatch(),
        error => error.into(),
    }
}
