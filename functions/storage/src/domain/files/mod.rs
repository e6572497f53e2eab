//! Files: what is known of each is sealed in its row, its content is an object of its own.

pub(crate) mod content;
pub(crate) mod create;
pub(crate) mod direct;
mod gone;
pub(crate) mod scan;
mod sweep;
pub(crate) mod uploads;

use super::hexadecimal;

use axum::http::StatusCode;
use jiff::Timestamp;
use shared::Platform;
use shared::http::{EntityTags, Problem};
use shared::identity::{Caller, RequestMeta};
use shared::ledger::AuditEntry;
use shared::objects::Sha256;
use shared::vault::Field;
use uuid::Uuid;

pub use self::sweep::{Swept, sweep_files};
use crate::App;
use crate::model::file_name::FileName;
use crate::model::file_state::FileState;
use crate::store::files::{self, Changed, Room, Stored};

const TABLE: &str = "file_uploads";

/// A file, opened for its owner.
pub(crate) struct File {
    pub(crate) id: Uuid,
    pub(crate) original_name: FileName,
    pub(crate) mime_type: String,
    pub(crate) size: u64,
    pub(crate) content_hash: Sha256,
    pub(crate) state: FileState,
    pub(crate) version: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) uploaded_at: Option<Timestamp>,
}

/// Who does something with a user's file.
#[derive(Clone, Copy)]
pub(crate) enum Actor<'a> {
    /// The user.
    Owner(&'a Caller),
    /// The sweeper, on the operator's behalf.
    Sweeper(RequestMeta, Uuid),
}

impl Actor<'_> {
    /// Whose file it is.
    fn user_id(self) -> Uuid {
        match self {
            Self::Owner(caller) => caller.user_id(),
            Self::Sweeper(_, user_id) => user_id,
        }
    }

    fn request(self) -> RequestMeta {
        match self {
            Self::Owner(caller) => caller.request,
            Self::Sweeper(request, _) => request,
        }
    }

    fn entry(self, app: &App, action: &'static str, id: Uuid) -> AuditEntry {
        let now = app.platform.now();
        let entry = match self {
            Self::Owner(caller) => AuditEntry::by(caller, action, TABLE, now),
            Self::Sweeper(request, user_id) => AuditEntry::by_operator(user_id, request, action, TABLE, now),
        };
        entry.resource(id)
    }
}

/// A page of files, the newest first, and whether there are more.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    before: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<File>, bool), Problem> {
    app.objects()?;
    let entry = AuditEntry::by(caller, "file.list", TABLE, app.platform.now());
    // One more than asked for tells whether there is another page.
    let asked = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let mut found = files::page(&app.platform.db.scoped(entry), before, asked).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let mut page = Vec::with_capacity(found.len());
    for stored in &found {
        page.push(opened(&app.platform, caller.user_id(), stored).await?);
    }
    Ok((page, more))
}

/// One file.
pub(crate) async fn read(app: &App, caller: &Caller, id: Uuid) -> Result<File, Problem> {
    let stored = find(app, Actor::Owner(caller), "file.read", id).await?;
    opened(&app.platform, caller.user_id(), &stored).await
}

/// Gives a file another name.
pub(crate) async fn rename(
    app: &App,
    caller: &Caller,
    id: Uuid,
    name: &FileName,
    condition: Option<&EntityTags>,
) -> Result<File, Problem> {
    app.objects()?;
    let platform = &app.platform;
    let owner = platform.vault.owner_key(&platform.db, caller.user_id()).await?;
    let sealed = owner.seal(&field("original_name", &id.to_string()), name.as_str().as_bytes())?;
    let (versions, now) = (condition.map(EntityTags::versions), platform.now());
    let scope = platform.db.scoped(Actor::Owner(caller).entry(app, "file.rename", id));
    let stored = changed(files::rename(&scope, id, &sealed, versions.flatten().as_deref(), now).await?)?;
    opened(platform, caller.user_id(), &stored).await
}

/// Deletes a file. Its object goes now, or where the store does not answer with the next sweep.
pub(crate) async fn delete(
    app: &App,
    caller: &Caller,
    id: Uuid,
    condition: Option<&EntityTags>,
) -> Result<(), Problem> {
    app.objects()?;
    let versions = condition.map(EntityTags::versions);
    let scope = app.platform.db.scoped(Actor::Owner(caller).entry(app, "file.delete", id));
    let key = changed(files::delete(&scope, id, versions.flatten().as_deref()).await?)?;
    gone::objects(app, &[key]).await;
    Ok(())
}

/// Deletes an upload that is not finished and never will be.
async fn discard(app: &App, actor: Actor<'_>, id: Uuid) -> Result<bool, Problem> {
    let entry = actor.entry(app, "file.discard", id);
    let Some(key) = files::delete_unfinished(&app.platform.db.scoped(entry), id).await? else { return Ok(false) };
    gone::objects(app, &[key]).await;
    Ok(true)
}

async fn find(app: &App, actor: Actor<'_>, action: &'static str, id: Uuid) -> Result<Stored, Problem> {
    app.objects()?;
    let scope = app.platform.db.scoped(actor.entry(app, action, id));
    files::find(&scope, id).await?.ok_or_else(Problem::not_found)
}

fn changed<T>(changed: Changed<T>) -> Result<T, Problem> {
    match changed {
        Changed::Done(done) => Ok(done),
        Changed::Missing => Err(Problem::not_found()),
        Changed::OtherVersion => Err(Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "version_mismatch",
            "The file has changed since it was read",
        )
        .detail("Read it again, and repeat the change with the new ETag.")),
    }
}

async fn opened(platform: &Platform, owner: Uuid, stored: &Stored) -> Result<File, Problem> {
    let row = stored.id.to_string();
    let open =
        async |column, sealed: &[u8]| platform.vault.open_any(&platform.db, owner, &field(column, &row), sealed).await;
    let name = open("original_name", &stored.original_name).await?;
    let name = std::str::from_utf8(&name).ok().and_then(|name| FileName::parse(name).ok());
    Ok(File {
        id: stored.id,
        original_name: name.ok_or_else(|| Problem::internal("a stored file name is none"))?,
        mime_type: stored.mime_type.clone(),
        size: stored.size,
        content_hash: content_hash(platform, owner, stored).await?,
        state: stored.state,
        version: stored.version,
        created_at: stored.created_at,
        uploaded_at: stored.uploaded_at,
    })
}

async fn content_hash(platform: &Platform, owner: Uuid, stored: &Stored) -> Result<Sha256, Problem> {
    let row = stored.id.to_string();
    let field = field("content_hash", &row);
    let hash = platform.vault.open_any(&platform.db, owner, &field, &stored.content_hash).await?;
    hash.as_slice().try_into().map_err(|_| Problem::internal("a stored hash is none"))
}

fn field<'a>(column: &'a str, row: &'a str) -> Field<'a> {
    Field { table: TABLE, column, row }
}

fn room(app: &App) -> Room {
    let settings = &app.platform.settings.files;
    let column = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    Room { files: column(settings.per_user), bytes: column(settings.bytes_per_user) }
}

fn full() -> Problem {
    Problem::new(StatusCode::CONFLICT, "files_full", "There is no room for this file")
        .detail("There are too many files, or too many bytes in them. Delete some first.")
}

fn disguised() -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "type_disguised", "The file is not what it says it is")
        .detail("It holds a page, a script or a program, and its type says it were something else.")
}

/// The key of a new object: random, so that it says nothing and nobody guesses it.
fn object_key(platform: &Platform, kind: &str) -> Result<String, Problem> {
    let random: [u8; 16] = platform.random.bytes()?;
    Ok(format!("{kind}/{}", hexadecimal(&random)))
}
