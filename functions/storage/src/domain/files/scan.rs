//! The scanner between an upload and its first download.

use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use serde_json::json;
use shared::http::Problem;
use shared::ledger::{SecurityEvent, Severity};
use uuid::Uuid;

use super::Actor;
use crate::App;
use crate::clamd::{self, Verdict};
use crate::model::file_state::FileState;
use crate::store::files::{self, Stored};

/// How long a request waits for a verdict; the sweep goes on with what takes longer.
pub(crate) const REQUEST: Duration = Duration::from_secs(20);
/// How long a sweep waits for one.
pub(crate) const SWEEP: Duration = Duration::from_mins(5);

/// The state a content brings its file into. Without a verdict that is scanning: nothing is served unseen.
pub(crate) async fn state(
    app: &App,
    content: impl Stream<Item = Result<Bytes, Problem>> + Send,
    limit: Duration,
) -> FileState {
    let Some(scanner) = app.scanner() else { return FileState::Ready };
    match clamd::scan(scanner, content, limit).await {
        Ok(Verdict::Clean) => FileState::Ready,
        Ok(Verdict::Infected) => FileState::Quarantined,
        Err(error) => {
            tracing::warn!(%error, "a file was not scanned");
            FileState::Scanning
        }
    }
}

/// Moves a file on to a state; gives nothing where somebody else did so or it is gone.
pub(super) async fn settle(
    app: &App,
    actor: Actor<'_>,
    id: Uuid,
    state: FileState,
    mime_type: &str,
) -> Result<Option<Stored>, Problem> {
    let (platform, now) = (&app.platform, app.platform.now());
    let action = match state {
        FileState::Uploading | FileState::Scanning => "file.scan",
        FileState::Ready => "file.ready",
        FileState::Quarantined => "file.quarantine",
    };
    let entry = actor.entry(app, action, id);
    if state != FileState::Quarantined {
        return Ok(files::advance(&platform.db.scoped(entry), id, state, mime_type, now).await?);
    }
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    let stored = files::advance(&transaction, id, state, mime_type, now).await?;
    if stored.is_some() {
        let event = SecurityEvent::new(actor.user_id(), "file.quarantined", Severity::High, actor.request());
        event.details(json!({"file_id": id})).record(&transaction, &platform.clock).await?;
    }
    transaction.commit().await?;
    Ok(stored)
}
