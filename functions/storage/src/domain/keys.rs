//! Keys, a page at a time. Their names are sealed and stand in the order of their indexes, so a prefix can be judged only
//! after opening: a page looks at a bounded number of them, and says where the next begins even where few fitted.

use shared::http::Problem;
use shared::identity::Caller;

use super::place::{entry, kept_since, open_name};
use crate::App;
use crate::model::{Cursor, PageSize};
use crate::store::names::{self, Details, Named};

/// Which keys.
pub(crate) struct Query {
    pub(crate) prefix: String,
    pub(crate) page: PageSize,
    pub(crate) after: Cursor,
    pub(crate) details: bool,
    /// Deleted keys instead of those there are.
    pub(crate) deleted: bool,
}

/// A key by its name.
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) details: Option<Details>,
}

/// A page of keys, sorted within the page, and where the next one begins.
pub(crate) async fn list(app: &App, caller: &Caller, query: &Query) -> Result<(Vec<Listed>, Option<Cursor>), Problem> {
    let platform = &app.platform;
    let scope = platform.db.scoped(entry(app, caller, "storage.keys", &[]));
    // One more than is looked at tells whether there is more.
    let (after, most) = (query.after.as_bytes(), query.page.looked_at(&query.prefix) + 1);
    let named = match (query.deleted, query.details) {
        (true, _) => {
            let since = kept_since(platform.now(), platform.settings.storage.version_days);
            names::deleted(&scope, after, most, since).await?
        }
        (false, true) => names::page_in_detail(&scope, after, most).await?,
        (false, false) => names::page(&scope, after, most).await?,
    };
    let (mut keys, next) = pick(app, caller, query, named).await?;
    keys.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Ok((keys, next))
}

async fn pick(
    app: &App,
    caller: &Caller,
    query: &Query,
    named: Vec<Named>,
) -> Result<(Vec<Listed>, Option<Cursor>), Problem> {
    let scanned = usize::try_from(query.page.looked_at(&query.prefix)).unwrap_or(usize::MAX);
    let (mut keys, mut last) = (Vec::new(), Cursor::default());
    for (looked_at, key) in named.into_iter().enumerate() {
        if looked_at == scanned || keys.len() == query.page.limit {
            return Ok((keys, Some(last)));
        }
        // Opening is work without a pause: others on this thread get their turn.
        if looked_at % 100 == 99 {
            tokio::task::yield_now().await;
        }
        let name = open_name(&app.platform, caller.user_id(), &key.index, &key.name).await?;
        last = Cursor::behind(&key.index);
        if name.starts_with(&query.prefix) {
            keys.push(Listed { name, details: key.details.filter(|_| query.details) });
        }
    }
    Ok((keys, None))
}
