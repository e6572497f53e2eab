//! What no request comes back for.

use shared::http::Problem;
use shared::identity::RequestMeta;

use super::{Actor, content, discard, find, gone, scan};
use crate::App;
use crate::model::file_state::FileState;
use crate::store::file_objects;
use crate::store::files::{self, Due};

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Uploads that nobody finished within a day.
    pub discarded: usize,
    /// Files the scanner has judged.
    pub scanned: usize,
    /// Objects without a row.
    pub deleted: usize,
    /// Files that could not be looked at; they come again.
    pub failed: usize,
}

impl Swept {
    /// Whether there was nothing to do: otherwise there may be more.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// Deletes uploads nobody finished within a day and objects without a row, and has files scanned that still wait for it: at
/// most `at_most` of each, of all users. Two at a time don't meet at one file.
///
/// # Errors
/// Where the database gives no answer. A file that can't be looked at is counted and left for later.
pub async fn sweep_files(app: &App, request: RequestMeta, at_most: u16) -> Result<Swept, Problem> {
    let (platform, now) = (&app.platform, app.platform.now());
    let mut swept = Swept::default();
    if app.objects().is_err() {
        return Ok(swept);
    }
    // First: a scanner that is slow keeps no object of a deleted file.
    let gone = file_objects::claim(&platform.db.unscoped(), now, i64::from(at_most)).await?;
    swept.deleted = gone::objects(app, &gone).await;
    swept.failed += gone.len() - swept.deleted;
    for due in files::claim_due(&platform.db.unscoped(), now, i32::from(at_most)).await? {
        let done = match due.state {
            FileState::Uploading => {
                discarded(app, request, &due).await.map(|done| swept.discarded += usize::from(done))
            }
            _ => judged(app, request, &due).await.map(|done| swept.scanned += usize::from(done)),
        };
        if let Err(problem) = done {
            problem.log();
            swept.failed += 1;
        }
    }
    Ok(swept)
}

async fn discarded(app: &App, request: RequestMeta, due: &Due) -> Result<bool, Problem> {
    discard(app, Actor::Sweeper(request, due.user_id), due.id).await
}

/// Whether the scanner had something to say.
async fn judged(app: &App, request: RequestMeta, due: &Due) -> Result<bool, Problem> {
    let actor = Actor::Sweeper(request, due.user_id);
    let stored = find(app, actor, "file.scan", due.id).await?;
    let content = content::open(app, due.user_id, &stored, 0..stored.size).await?;
    let state = scan::state(app, content, scan::SWEEP).await;
    if state == FileState::Scanning {
        return Ok(false);
    }
    Ok(scan::settle(app, actor, due.id, state, &stored.mime_type).await?.is_some())
}
