//! What is done on a schedule, for all users: accounts that are due are erased, versions and deleted keys whose time is over
//! forgotten, uploads that nobody finished swept, files scanned that still wait for it.

mod erasure;

use jiff::SignedDuration;
use serde::Serialize;
use shared::http::Problem;
use shared::identity::RequestMeta;
use shared::{Platform, StartError};
use storage::{Swept, sweep_files, sweep_versions};

pub use erasure::{erase, tombstones};

/// Files looked at in one go.
const FILES_AT_ONCE: u16 = 100;
/// After so long no other round of files begins: a function on Lambda has 15 minutes.
const LONGEST: SignedDuration = SignedDuration::from_mins(5);

/// What a run is built from. Cheap to clone.
#[derive(Clone)]
pub struct App {
    platform: Platform,
    storage: storage::App,
}

impl App {
    /// On a platform, with the object store its settings name and a database role of its own.
    ///
    /// # Errors
    /// [`StartError`] that says which setting to mend.
    pub fn new(platform: &Platform) -> Result<Self, StartError> {
        let platform = platform.for_maintenance()?;
        Ok(Self { storage: storage::App::new(platform.clone()), platform })
    }
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Accounts that were erased.
    pub accounts_erased: usize,
    /// Former versions and deleted keys that were forgotten.
    pub versions_forgotten: u64,
    /// Uploads that nobody finished within a day.
    pub uploads_discarded: usize,
    /// Files that were scanned.
    pub files_scanned: usize,
    /// Objects without a file that were deleted.
    pub objects_deleted: usize,
    /// What could not be done and comes again.
    pub failed: usize,
}

/// Does everything that is due. Two at a time do each thing once; what fails comes again at the next run, and keeps nothing
/// else from being done.
pub async fn run(app: &App) -> Result<Report, Problem> {
    let request = RequestMeta { id: app.platform.new_id()?, address: None };
    let mut report = Report::default();
    let erased = erasure::due(app, request, &mut report).await;
    let forgotten = sweep_versions(&app.platform).await.map(|count| report.versions_forgotten = count);
    let swept = files(app, request, &mut report).await;
    for problem in [erased, forgotten.map_err(Problem::from), swept].into_iter().filter_map(Result::err) {
        problem.log();
        report.failed += 1;
    }
    Ok(report)
}

async fn files(app: &App, request: RequestMeta, report: &mut Report) -> Result<(), Problem> {
    let end = app.platform.now() + LONGEST;
    loop {
        let Swept { discarded, scanned, deleted, failed } = sweep_files(&app.storage, request, FILES_AT_ONCE).await?;
        report.uploads_discarded += discarded;
        report.files_scanned += scanned;
        report.objects_deleted += deleted;
        report.failed += failed;
        // What failed is claimed for a while: a round that did nothing else is the last.
        if discarded + scanned + deleted == 0 || app.platform.now() > end {
            return Ok(());
        }
    }
}
