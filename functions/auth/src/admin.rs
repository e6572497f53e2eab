//! Administration by the operator: whoever runs the `ward` command on the machine, with the database's address and the
//! keyring in its settings. The operator has no account; audit rows name the nil user as the actor.

use axum::http::StatusCode;
use jiff::Timestamp;
use shared::http::Problem;
use shared::identity::{RequestMeta, Role};
use url::Url;
use uuid::Uuid;

use crate::App;
use crate::domain::Actor;
use crate::domain::contacts::Address;
use crate::domain::invitations::{self, Invitation};
use crate::domain::user_changes::{self, Access, Change};
use crate::domain::users::{self, Query};
pub use crate::model::ManagedUser;
use crate::model::{DisplayName, EmailAddress, Profile, Username};
use crate::store::accounts::{self, Status};
use crate::store::users as rows;

/// Users read at once.
const PAGE: i32 = 50;

/// Who is to have an account.
#[derive(Clone, Copy, Debug)]
pub struct NewUser<'a> {
    /// What the user signs in by.
    pub username: &'a str,
    /// What the user is called.
    pub display_name: &'a str,
    /// An email address, proved by nobody yet.
    pub email: Option<&'a str>,
    /// What the user is to the application.
    pub role: Role,
}

/// A link into an account, to be opened in a browser.
pub struct Link {
    /// Whose account.
    pub user: ManagedUser,
    /// The link.
    pub url: Url,
    /// Until when it holds.
    pub expires_at: Timestamp,
}

/// Makes a user who can't sign in before the link is followed.
///
/// # Errors
/// 400 where a name or the address is not of its form; 409 `username_taken` or `address_taken`.
pub async fn create(app: &App, new: NewUser<'_>) -> Result<Link, Problem> {
    let profile =
        Profile { username: Username::parse(new.username)?, display_name: DisplayName::parse(new.display_name)? };
    let address = new.email.map(EmailAddress::parse).transpose()?.map(Address::Email);
    let new = invitations::NewUser { profile, address, role: new.role };
    linked(invitations::invite(app, operator(app)?, new).await?)
}

/// Another link into a user's account, in place of the earlier ones. Where the account is in use it is a recovery: a
/// second factor stays in force.
///
/// # Errors
/// 404 `user_unknown`; 409 `account_disabled`.
pub async fn link(app: &App, username: &str) -> Result<Link, Problem> {
    let user_id = find(app, username).await?;
    linked(invitations::renew(app, operator(app)?, user_id).await?)
}

/// A page of users behind `after`, the oldest first, and whether there are more. `status` is `invited`, `active` or
/// `disabled`.
///
/// # Errors
/// 403 `not_the_owner` where the database login may not act as the tables' owner; 400 `invalid_status`.
pub async fn list(
    app: &App,
    role: Option<Role>,
    status: Option<&str>,
    after: Option<Uuid>,
) -> Result<(Vec<ManagedUser>, bool), Problem> {
    let status = status.map(|name| {
        Status::parse(name)
            .ok_or_else(|| Problem::bad_request("invalid_status", "The status is invited, active or disabled"))
    });
    if !rows::login_owns_tables(&app.platform.db.unscoped()).await? {
        return Err(Problem::forbidden("not_the_owner", "This database login may not list users")
            .detail("Let DATABASE_URL name the role that `ward migrate` runs as, the owner of the tables."));
    }
    let query = Query { limit: PAGE, after, role, status: status.transpose()?, name: None };
    let page = users::list(app, operator(app)?, query).await?;
    Ok((page.users, page.more))
}

/// Gives a user another role.
///
/// # Errors
/// 404 `user_unknown`; 409 `last_admin`.
pub async fn set_role(app: &App, username: &str, role: Role) -> Result<ManagedUser, Problem> {
    change(app, username, Change { role: Some(role), access: None }).await
}

/// Lets nobody sign in as a user any more, and ends the user's sessions.
///
/// # Errors
/// 404 `user_unknown`; 409 `last_admin`.
pub async fn disable(app: &App, username: &str) -> Result<ManagedUser, Problem> {
    change(app, username, Change { role: None, access: Some(Access::Disabled) }).await
}

/// Lets a disabled user sign in again.
///
/// # Errors
/// 404 `user_unknown`; 409 `account_invited`.
pub async fn enable(app: &App, username: &str) -> Result<ManagedUser, Problem> {
    change(app, username, Change { role: None, access: Some(Access::Active) }).await
}

async fn change(app: &App, username: &str, change: Change) -> Result<ManagedUser, Problem> {
    let user_id = find(app, username).await?;
    user_changes::change(app, operator(app)?, user_id, change).await
}

fn operator(app: &App) -> Result<Actor<'static>, Problem> {
    Ok(Actor::Operator(RequestMeta { id: app.platform.new_id()?, address: None }))
}

fn linked(invitation: Invitation) -> Result<Link, Problem> {
    let Invitation { user, expires_at, url } = invitation;
    let url = url.ok_or_else(|| Problem::internal("the operator's link was sent to somebody else"))?;
    Ok(Link { user, url, expires_at })
}

/// Whether a user is the only active administrator.
///
/// # Errors
/// Where the database gives no answer.
pub async fn is_last_administrator(app: &App, user: Uuid) -> Result<bool, Problem> {
    let on = app.platform.db.unaudited(user);
    let is_one = matches!(rows::find(&on, user).await?, Some((Role::Admin, _)));
    Ok(is_one && rows::administrators(&on, None, user).await?.1 == 0)
}

/// The id of a user.
///
/// # Errors
/// 404 `user_unknown`.
pub async fn find(app: &App, username: &str) -> Result<Uuid, Problem> {
    let platform = &app.platform;
    let canonical = Username::parse(username)?.canonical();
    let index = platform.vault.blind_index(&platform.db, "users.username", None, &canonical).await?;
    accounts::find_id(&platform.db.unscoped(), "username", &index).await?.ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, "user_unknown", "There is no user of that name")
            .detail("`ward user list` shows who there is; WARD_APP and WARD_ENV have to be those of the functions.")
    })
}
