//! The content of the user's files, each as an entry `files/<id>/<name>`.

use axum::http::StatusCode;
use bytes::Bytes;
use futures_util::StreamExt;
use shared::http::Problem;
use shared::identity::Caller;
use shared::ledger::AuditEntry;
use tokio::sync::mpsc::Sender;
use uuid::Uuid;

use super::archive::Archive;
use super::manifest::Manifest;
use super::{Cut, write_bytes};
use crate::App;
use crate::domain::files::content::{self, Download};
use crate::model::file_state::FileState;
use crate::store::files;

const TABLE: &str = "file_uploads";
/// Ids that are read at once.
const PAGE: i64 = 200;

const MISSING: &str = "its content is missing or does not open: the archive has none of it";
const DAMAGED: &str = "its content is not what was uploaded, or breaks off: the archive has what could be read";
const NO_STORE: &str = "no object store is configured";

/// Writes the content of each file that is ready; the manifest names each of the others.
pub(super) async fn write(
    app: &App,
    caller: &Caller,
    archive: &mut Archive,
    manifest: &mut Manifest,
    pieces: &Sender<Bytes>,
) -> Result<(), Cut> {
    let mut after = None;
    loop {
        let entry = AuditEntry::by(caller, "account.export.read", TABLE, app.platform.now());
        let ids = files::ids(&app.platform.db.scoped(entry), after, PAGE).await?;
        let Some(last) = ids.last() else { return Ok(()) };
        after = Some(*last);
        for id in ids {
            if let Some(found) = find(app, caller, id, manifest).await? {
                write_one(app, caller, &found, archive, manifest, pieces).await?;
            }
        }
    }
}

/// A file whose content belongs in the archive.
async fn find(app: &App, caller: &Caller, id: Uuid, manifest: &mut Manifest) -> Result<Option<Download>, Cut> {
    let what = || format!("files/{id}");
    let found = match content::find_for_export(app, caller, id).await {
        Ok(found) => found,
        Err(problem) => {
            match problem.status() {
                StatusCode::NOT_FOUND => manifest.leave_out(what(), "it was deleted while the export ran"),
                StatusCode::NOT_IMPLEMENTED => manifest.miss(TABLE, id.to_string(), NO_STORE),
                _ => miss(manifest, id, problem, MISSING)?,
            }
            return Ok(None);
        }
    };
    match found.file.state {
        FileState::Ready => return Ok(Some(found)),
        FileState::Quarantined => manifest.leave_out(what(), "the scanner found something in it"),
        FileState::Uploading | FileState::Scanning => {
            manifest.leave_out(what(), "its upload is not complete, or it has still to be scanned");
        }
    }
    Ok(None)
}

async fn write_one(
    app: &App,
    caller: &Caller,
    found: &Download,
    archive: &mut Archive,
    manifest: &mut Manifest,
    pieces: &Sender<Bytes>,
) -> Result<(), Cut> {
    let file = &found.file;
    // Its first bytes are there, or there is no entry.
    let mut content = match found.content(app, caller, 0..file.size).await {
        Ok(content) => content,
        Err(problem) => return miss(manifest, file.id, problem, MISSING),
    };
    archive.begin_file(&format!("files/{}/{}", file.id, file.original_name.in_archive()))?;
    let mut broken = None;
    while let Some(next) = content.next().await {
        match next {
            Ok(bytes) => write_bytes(archive, &bytes, pieces).await?,
            Err(problem) => {
                broken = Some(problem);
                break;
            }
        }
    }
    let written = archive.end_file()?;
    if let Some(problem) = broken {
        miss(manifest, file.id, problem, DAMAGED)?;
    } else if written.sha256.as_ref() != file.content_hash {
        let problem = Problem::internal("an object has another SHA-256 than what was uploaded");
        miss(manifest, file.id, problem, DAMAGED)?;
    }
    manifest.add_upload(written);
    Ok(())
}

/// Names what will never be read. Where the store or the vault only gives no answer now, the export ends: another one
/// may be whole.
fn miss(manifest: &mut Manifest, id: Uuid, problem: Problem, why: &'static str) -> Result<(), Cut> {
    if problem.status() == StatusCode::SERVICE_UNAVAILABLE {
        return Err(Cut::Fault(problem));
    }
    problem.log();
    manifest.miss(TABLE, id.to_string(), why);
    Ok(())
}
