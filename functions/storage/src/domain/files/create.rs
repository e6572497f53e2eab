//! Small files: they come through the API, and are sealed before they leave it.

use axum::http::StatusCode;
use bytes::Bytes;
use futures_util::stream;
use ring::digest::{SHA256, digest};
use shared::http::Problem;
use shared::identity::Caller;
use shared::vault::envelope::HEADER_LEN;

use super::{Actor, File, disguised, field, full, object_key, opened, room, scan};
use crate::App;
use crate::model::file_name::FileName;
use crate::model::media_type::{Sniffed, declared};
use crate::store::files::{self, New};

/// Most bytes of a file that comes through the API: 4 MiB. Lambda takes 6 MB with a request, in which API Gateway puts the
/// body as base64, a third longer.
pub(crate) const LONGEST: usize = 4 * 1024 * 1024;

/// Stores a small file.
pub(crate) async fn create(
    app: &App,
    caller: &Caller,
    name: FileName,
    content_type: Option<&str>,
    content: Bytes,
) -> Result<File, Problem> {
    let (objects, platform) = (app.objects()?, &app.platform);
    if content.len() > LONGEST {
        return Err(too_long());
    }
    let (declared_type, sniffed) = (declared(content_type), Sniffed::of(&content));
    if sniffed.is_disguised_as(declared_type) {
        return Err(disguised());
    }
    let (id, key) = (platform.new_id()?, object_key(platform, "sealed")?);
    let row = id.to_string();
    let owner = platform.vault.owner_key(&platform.db, caller.user_id()).await?;
    let sealed = owner.seal(&field("content", &row), &content)?;
    let new = New {
        id,
        user_id: caller.user_id(),
        filename: &key,
        original_name: owner.seal(&field("original_name", &row), name.as_str().as_bytes())?,
        declared_type,
        mime_type: sniffed.served(),
        size: i64::try_from(content.len()).map_err(|_| too_long())?,
        content_hash: owner.seal(&field("content_hash", &row), digest(&SHA256, &content).as_ref())?,
        content_head: Some(sealed[..HEADER_LEN].to_vec()),
        upload_expires_at: None,
    };
    let actor = Actor::Owner(caller);
    // The row comes first: an object without one would never be found again.
    let scope = platform.db.scoped(actor.entry(app, "file.create", id));
    if !files::insert(&scope, &new, room(app), platform.now()).await? {
        return Err(full());
    }
    if let Err(error) = objects.put(&key, sealed).await {
        super::discard(app, actor, id).await?;
        return Err(error.into());
    }
    let state = scan::state(app, stream::once(async { Ok(content) }), scan::REQUEST).await;
    let Some(stored) = scan::settle(app, actor, id, state, new.mime_type).await? else {
        // Deleted while it was on its way: who deleted it may have been quicker than the object.
        super::gone::objects(app, std::slice::from_ref(&key)).await;
        return Err(Problem::not_found());
    };
    opened(platform, caller.user_id(), &stored).await
}

fn too_long() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "The file is too large for this")
        .detail("Up to 4 MiB may come here. Begin an upload with POST /api/files/uploads for a larger one.")
}
