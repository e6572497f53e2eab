//! What administrators and the operator see of other people's accounts.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use shared::http::Problem;
use shared::identity::Role;
use uuid::Uuid;

use super::contacts::Address;
use super::{Actor, profile};
use crate::App;
use crate::model::{ManagedUser, Username};
use crate::store::accounts::Status;
use crate::store::user_details::{self, Details};
use crate::store::users::{self, Asking, Filter, Listed};

/// Names opened at once: each may cost a call to KMS.
const OPENED_AT_ONCE: usize = 8;

/// By what one user is looked for. Names and addresses are sealed: a part of one finds nobody.
pub(crate) enum Name {
    Username(Username),
    Address(Address),
}

/// Which users.
pub(crate) struct Query {
    pub(crate) limit: i32,
    pub(crate) after: Option<Uuid>,
    pub(crate) role: Option<Role>,
    pub(crate) status: Option<Status>,
    pub(crate) name: Option<Name>,
}

/// A page of users, the oldest first, and whether there are more.
pub(crate) struct Page {
    pub(crate) users: Vec<ManagedUser>,
    pub(crate) more: bool,
}

/// In the place of names that do not open.
const SHUT: &str = "(key revoked)";

/// A page of users.
pub(crate) async fn list(app: &App, actor: Actor<'_>, query: Query) -> Result<Page, Problem> {
    let platform = &app.platform;
    let index = match &query.name {
        Some(Name::Username(username)) => {
            let canonical = username.canonical();
            Some(platform.vault.blind_index(&platform.db, "users.username", None, &canonical).await?)
        }
        Some(Name::Address(address)) => Some(address.index(platform).await?),
        None => None,
    };
    let asking = Asking { session: actor.session(), request: actor.request(), at: platform.now() };
    let filter = Filter { role: query.role, status: query.status, index };
    // The database writes the audit rows with the page: only it knows who is on it.
    let on = platform.db.unaudited(actor.id());
    let (listed, more) = users::page(&on, filter, query.after, query.limit, asking).await?;
    let opened = stream::iter(listed).map(|user| open(app, user)).buffered(OPENED_AT_ONCE);
    Ok(Page { users: opened.try_collect().await?, more })
}

/// One user in detail.
///
/// # Errors
/// 404.
pub(crate) async fn find(app: &App, actor: Actor<'_>, user_id: Uuid) -> Result<(ManagedUser, Details), Problem> {
    let (platform, now) = (&app.platform, app.platform.now());
    let on = platform.db.scoped(actor.entry(user_id, "user.read", now));
    let idle_seconds = platform.settings.session.idle_seconds;
    let mut details = user_details::find(&on, user_id, now, idle_seconds).await?.ok_or_else(Problem::not_found)?;
    let profile = std::mem::take(&mut details.user.profile);
    let user = managed(app, &details.user, &profile).await?;
    Ok((user, details))
}

/// A user with their names opened.
pub(crate) async fn open(app: &App, user: Listed) -> Result<ManagedUser, Problem> {
    managed(app, &user, &user.profile).await
}

async fn managed(app: &App, user: &Listed, sealed: &[u8]) -> Result<ManagedUser, Problem> {
    // A user whose key is revoked is shown all the same: an administrator has to see that there is one.
    let (username, display_name) = match profile::open(&app.platform, user.id, sealed).await {
        Ok(profile) => (profile.username.into_string(), profile.display_name.into_string()),
        Err(problem) if problem.summary().0 == "key_revoked" => (SHUT.to_owned(), SHUT.to_owned()),
        Err(problem) => return Err(problem),
    };
    Ok(ManagedUser {
        id: user.id,
        username,
        display_name,
        role: user.role,
        status: user.status.name(),
        created_at: user.created_at,
        updated_at: user.updated_at,
    })
}
