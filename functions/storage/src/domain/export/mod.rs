//! Everything held on the caller, as a zip that is made while it is sent.
//!
//! Memory stays flat: a page of rows, one opened value, a frame of a file and what the client has not read yet. No database
//! connection is held while the client reads. What will never open is named in the manifest; whatever else goes wrong on
//! the way ends the body without the archive's directory and manifest: a part of an export never looks like a whole one.

mod archive;
mod files;
mod line;
mod manifest;

use std::time::Duration;

use axum::http::StatusCode;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use shared::http::Problem;
use shared::identity::{Caller, Presence};
use shared::ledger::AuditEntry;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tracing::Instrument;

use self::archive::Archive;
use self::manifest::{Manifest, Rows};
use crate::App;
use crate::store::export::{self, Kind};

/// Pieces of the body that wait for the client.
const WAITING: usize = 4;
/// How long a piece may wait for the client to read.
const PATIENCE: Duration = Duration::from_mins(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Whoever asked has gone, or reads no more.
struct Gone;

/// Why an export ended early.
enum Cut {
    Gone,
    Fault(Problem),
}

impl From<Gone> for Cut {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl<E: Into<Problem>> From<E> for Cut {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

/// Begins an export; gives the pieces of its body as they are made.
///
/// # Errors
/// 403 `step_up_required` or `api_key_refused`; 429 `export_limit`.
pub(crate) async fn begin(app: &App, caller: Caller) -> Result<Receiver<Bytes>, Problem> {
    let started = app.platform.now();
    require_presence(app, &caller, started).await?;
    note(app, &caller, started).await?;
    let (pieces, body) = channel(WAITING);
    let app = app.clone();
    let run = async move {
        match write(&app, &caller, started, pieces).await {
            Ok(()) => {}
            Err(Cut::Gone) => tracing::info!("an export was not read to its end"),
            Err(Cut::Fault(problem)) => {
                problem.log();
                tracing::warn!(code = problem.summary().0, "an export was cut off");
            }
        }
    };
    tokio::spawn(run.in_current_span());
    Ok(body)
}

/// As everywhere: a factor shown within 15 minutes, at level 2 where the account can reach it.
async fn require_presence(app: &App, caller: &Caller, now: Timestamp) -> Result<(), Problem> {
    let suffices = match caller.session().presence(now)? {
        Presence::Strong => true,
        Presence::Weak => {
            let scope = app.platform.db.unaudited(caller.user_id());
            !export::reaches_aal2(&scope, caller.user_id()).await?
        }
        Presence::Stale => false,
    };
    if suffices { Ok(()) } else { Err(Presence::refused()) }
}

/// Writes the export's audit row, where the day allows another.
async fn note(app: &App, caller: &Caller, now: Timestamp) -> Result<(), Problem> {
    let (user_id, most) = (caller.user_id(), app.platform.settings.storage.exports_per_day);
    let mut connection = app.platform.db.connection().await?;
    let transaction =
        connection.begin(&AuditEntry::by(caller, "account.export", "user", now).resource(user_id)).await?;
    // This one's row is among them.
    if export::begun_since(&transaction, user_id, now.checked_sub(DAY).unwrap_or(Timestamp::MIN)).await? > most {
        return Err(Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "export_limit",
            "That was exported often enough today",
        )
        .detail(format!("An account can be exported {most} times in 24 hours.")));
    }
    Ok(transaction.commit().await?)
}

async fn write(app: &App, caller: &Caller, started: Timestamp, pieces: Sender<Bytes>) -> Result<(), Cut> {
    let mut archive = Archive::new(started);
    let mut manifest = Manifest::new(app, caller, started);
    for kind in export::kinds() {
        let rows = write_kind(app, caller, kind, &mut archive, &mut manifest, &pieces).await?;
        manifest.add(archive.end_file()?, rows);
    }
    files::write(app, caller, &mut archive, &mut manifest, &pieces).await?;
    archive.begin_file("manifest.json")?;
    archive.write(&manifest.json()?)?;
    archive.end_file()?;
    send(&pieces, archive.finish()?).await?;
    Ok(())
}

/// Writes the rows of a kind as lines of its file; gives how many those were.
async fn write_kind(
    app: &App,
    caller: &Caller,
    kind: &'static Kind,
    archive: &mut Archive,
    manifest: &mut Manifest,
    pieces: &Sender<Bytes>,
) -> Result<Rows, Cut> {
    archive.begin_file(&format!("{}.ndjson", kind.file))?;
    let (mut cursor, mut count) = (String::new(), Rows::default());
    loop {
        let entry = AuditEntry::by(caller, "account.export.read", kind.table, app.platform.now());
        let rows = export::page(&app.platform.db.scoped(entry), kind, &cursor).await?;
        // Reading the audit log adds to it: a page that is not full is the last.
        let is_last = kind.full_page.map_or(rows.is_empty(), |full| rows.len() < full);
        for row in rows {
            let line = line::open(app, caller, kind, &row).await?;
            write_bytes(archive, &line.text, pieces).await?;
            count.all += 1;
            if !line.is_whole {
                count.unreadable += 1;
                tracing::warn!(table = kind.table, "a row of an export can't be opened");
                manifest.miss(kind.table, row.name, "its line names what does not open under the account's keys");
            }
            cursor = row.cursor;
        }
        if is_last {
            return Ok(count);
        }
    }
}

/// Writes into the archive's open file and sends what that made ready.
async fn write_bytes(archive: &mut Archive, bytes: &[u8], pieces: &Sender<Bytes>) -> Result<(), Cut> {
    for piece in bytes.chunks(archive::PIECE) {
        archive.write(piece)?;
        send(pieces, archive.take_full()).await?;
    }
    Ok(())
}

async fn send(pieces: &Sender<Bytes>, piece: Bytes) -> Result<(), Gone> {
    if piece.is_empty() {
        return Ok(());
    }
    pieces.send_timeout(piece, PATIENCE).await.map_err(|_| Gone)
}
