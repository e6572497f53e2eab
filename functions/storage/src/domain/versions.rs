//! Former versions, and deleted keys.

use jiff::Timestamp;
use shared::Platform;
use shared::data::DbError;
use shared::http::Problem;
use shared::identity::Caller;

use super::outcome::done;
use super::place::{entry, index, kept_since, limits, open_value};
use super::places::Places;
use super::values::{Opened, Stored};
use crate::App;
use crate::model::{Condition, Key, Metadata};
use crate::store::values::Changed;
use crate::store::versions::{self, Former, Wanted};

/// Versions, and as many deleted keys, forgotten in one statement for one user.
const FORGOTTEN_AT_ONCE: i32 = 2_000;
/// The same for all users.
const SWEPT_AT_ONCE: i32 = 500;

/// A key's former versions, the newest first; a deleted key's last one is among them.
pub(crate) async fn list(app: &App, caller: &Caller, key: &Key) -> Result<Vec<Former>, Problem> {
    let index = index(app, caller, key).await?;
    let scope = app.platform.db.scoped(entry(app, caller, "storage.versions.list", &[index]));
    Ok(versions::list(&scope, &index, since(app)).await?)
}

/// One version of a value, the newest or a former one.
pub(crate) async fn get(app: &App, caller: &Caller, key: &Key, version: i64) -> Result<Opened, Problem> {
    let index = index(app, caller, key).await?;
    let scope = app.platform.db.scoped(entry(app, caller, "storage.versions.get", &[index]));
    let found = versions::find(&scope, &index, version, since(app)).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    let json = open_value(app, caller, &found.index, &found.data).await?;
    let metadata = found.metadata.map(Metadata::stored).transpose()?;
    Ok(Opened { version, updated_at: found.updated_at, metadata, json: Some(json) })
}

/// Makes a former version the newest again, under a new number, where the condition holds for what is the newest now.
pub(crate) async fn restore(
    app: &App,
    caller: &Caller,
    key: &Key,
    version: i64,
    condition: &Condition,
) -> Result<Stored, Problem> {
    let (user_id, now) = (caller.user_id(), app.platform.now());
    let mut places = Places::of(app, caller, vec![key]).await?;
    let changed = loop {
        let index = places.index()?;
        let scope = app.platform.db.scoped(entry(app, caller, "storage.versions.restore", &[index]));
        let wanted = Wanted { key: &index, version, since: since(app) };
        let conditions = Condition::all([condition]);
        match versions::restore(&scope, user_id, &wanted, conditions, now, limits(app)).await? {
            Changed::Elsewhere => places.settle(app, caller).await?,
            changed => break changed,
        }
    };
    let stored = done(app, changed)?;
    let (_, version) = stored.first().ok_or_else(|| Problem::internal("a restored value has no version"))?;
    Ok(Stored { version: *version, updated_at: now })
}

/// Forgets former versions and deleted keys, of one key or of all; gives how many versions those were.
pub(crate) async fn forget(app: &App, caller: &Caller, key: Option<&Key>) -> Result<u64, Problem> {
    let mut places = Places::of(app, caller, key.into_iter().collect()).await?;
    let mut forgotten = 0;
    loop {
        let scope = app.platform.db.scoped(entry(app, caller, "storage.versions.forget", places.indexes()));
        let index = places.indexes().first();
        let Some(more) = versions::forget(&scope, caller.user_id(), index, FORGOTTEN_AT_ONCE).await? else {
            places.settle(app, caller).await?;
            continue;
        };
        forgotten += more;
        // Each round that was full may have left some; a statement has 10 seconds, whatever an account has piled up.
        if more < FORGOTTEN_AT_ONCE.unsigned_abs().into() {
            return Ok(forgotten);
        }
    }
}

/// Forgets former versions and deleted keys, of all users, whose time is over; gives how many those were. For a job that
/// runs now and then: until it has run, they are shown to nobody, but count towards what a user keeps. Of a user who
/// writes at this very moment some may be left for the next time.
///
/// # Errors
/// The database's; what was forgotten before stays forgotten.
pub async fn sweep_versions(platform: &Platform) -> Result<u64, DbError> {
    let before = kept_since(platform.now(), platform.settings.storage.version_days);
    let (scope, mut swept) = (platform.db.unscoped(), 0);
    loop {
        let more = versions::sweep(&scope, before, SWEPT_AT_ONCE).await?;
        if more == 0 {
            return Ok(swept);
        }
        swept += more;
    }
}

fn since(app: &App) -> Timestamp {
    kept_since(app.platform.now(), app.platform.settings.storage.version_days)
}
