//! Accounts that somebody else makes: they are opened by a link, which leads to `recovery`.

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shared::data::Statements;
use shared::http::Problem;
use shared::identity::Role;
use shared::ledger::{SecurityEvent, Severity};
use url::Url;
use uuid::Uuid;

use super::contacts::{self, Address};
use super::registration::taken;
use super::{Actor, links, profile, usernames, users};
use crate::App;
use crate::delivery::Template;
use crate::model::{ManagedUser, Profile};
use crate::store::accounts::{self, Status};
use crate::store::recoveries;
use crate::store::users as rows;

const INVITATION: &str = "invitation";
const RECOVER: &str = "recover";

/// Who is to have an account.
pub(crate) struct NewUser {
    pub(crate) profile: Profile,
    pub(crate) address: Option<Address>,
    pub(crate) role: Role,
}

/// A link into an account that somebody else has made.
pub(crate) struct Invitation {
    pub(crate) user: ManagedUser,
    /// Until when the link holds.
    pub(crate) expires_at: Timestamp,
    /// The link, to be handed over; nothing where it went to the user's own address.
    pub(crate) url: Option<Url>,
}

/// How long a link holds. One that is shown to the operator is followed at once.
fn holds(actor: Actor<'_>) -> SignedDuration {
    match actor {
        Actor::Administrator(_) => SignedDuration::from_hours(7 * 24),
        Actor::Operator(_) => SignedDuration::from_hours(1),
    }
}

/// Makes an account that is opened by a link: sent to the address where that is possible, and otherwise for the actor to
/// hand over.
///
/// # Errors
/// 409 `username_taken`, or `address_taken` where another account has proved the address.
pub(crate) async fn invite(app: &App, actor: Actor<'_>, new: NewUser) -> Result<Invitation, Problem> {
    let platform = &app.platform;
    let username = new.profile.username.canonical();
    let index = platform.vault.blind_index(&platform.db, "users.username", None, &username).await?;
    let unscoped = platform.db.unscoped();
    // Both before a data key is made for a user there will not be.
    if accounts::find_id(&unscoped, "username", &index).await?.is_some() {
        return Err(usernames::taken().detail(match actor {
            Actor::Administrator(_) => "Look for it in the list of users, or choose another.",
            Actor::Operator(_) => {
                "`ward user role` gives its user another role, `ward user link` leads into the account."
            }
        }));
    }
    if let Some(address) = &new.address
        && accounts::find_id(&unscoped, address.kind(), &address.index(platform).await?).await?.is_some()
    {
        return Err(Problem::new(StatusCode::CONFLICT, "address_taken", "Another account has this address")
            .detail("Look for it in the list of users."));
    }
    let (user_id, now) = (platform.new_id()?, platform.now());
    let sealed = profile::seal(platform, user_id, &new.profile).await?;
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&actor.entry(user_id, "user.invite", now)).await?;
    actor.still_acts(&transaction, user_id).await?;
    rows::insert_invited(&transaction, user_id, &index, &sealed, new.role, now).await.map_err(|error| taken(&error))?;
    let contact = match new.address {
        Some(address) => Some((contacts::store(app, &transaction, user_id, &address, false).await?, address)),
        None => None,
    };
    let way = Way { page: INVITATION, contact: contact.filter(|_| actor.mails()) };
    let link = way.link(app, &transaction, actor, user_id).await?;
    let severity = if new.role == Role::Admin { Severity::High } else { Severity::Low };
    let event = SecurityEvent::new(user_id, "account_invited", severity, actor.request());
    event.details(json!({"role": new.role.name(), "by": actor.id()})).record(&transaction, &platform.clock).await?;
    let user = rows::listed(&transaction, user_id).await?.ok_or_else(Problem::not_found)?;
    transaction.commit().await?;
    way.hand_over(app, actor, users::open(app, user).await?, link).await
}

/// Makes another link in place of the earlier ones. The operator's may also lead into an account that is in use: that is
/// its recovery, and a second factor stays in force.
///
/// # Errors
/// 404; 409 `account_disabled` or `account_active`.
pub(crate) async fn renew(app: &App, actor: Actor<'_>, user_id: Uuid) -> Result<Invitation, Problem> {
    let (platform, now) = (&app.platform, app.platform.now());
    let addresses = contacts::open_all(app, &platform.db.unaudited(user_id), user_id).await?;
    let email = addresses.into_iter().find(|contact| matches!(contact.address, Address::Email(_)));
    let contact = email.map(|contact| (contact.row.id, contact.address)).filter(|_| actor.mails());
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&actor.entry(user_id, "user.link", now)).await?;
    actor.still_acts(&transaction, user_id).await?;
    let user = rows::listed(&transaction, user_id).await?.ok_or_else(Problem::not_found)?;
    let (page, severity) = match (user.status, actor) {
        (Status::Invited, _) => (INVITATION, Severity::Low),
        (Status::Active, Actor::Operator(_)) => (RECOVER, Severity::High),
        (Status::Active, Actor::Administrator(_)) => {
            return Err(Problem::new(StatusCode::CONFLICT, "account_active", "This account is in use")
                .detail("Its user recovers it by email: an administrator has no way in."));
        }
        (Status::Disabled, _) => {
            return Err(Problem::new(StatusCode::CONFLICT, "account_disabled", "This account is disabled")
                .detail("Enable it first."));
        }
    };
    recoveries::void(&transaction, user_id, now).await?;
    let way = Way { page, contact };
    let link = way.link(app, &transaction, actor, user_id).await?;
    let event = SecurityEvent::new(user_id, "link_made", severity, actor.request());
    event.details(json!({"by": actor.id()})).record(&transaction, &platform.clock).await?;
    transaction.commit().await?;
    way.hand_over(app, actor, users::open(app, user).await?, link).await
}

/// How a link reaches its user.
struct Way {
    /// The page it opens.
    page: &'static str,
    /// The address it goes to, which its use proves.
    contact: Option<(Uuid, Address)>,
}

impl Way {
    async fn link(&self, app: &App, on: &impl Statements, actor: Actor<'_>, user_id: Uuid) -> Result<Url, Problem> {
        let contact_id = self.contact.as_ref().map(|(id, _)| *id);
        let link = links::New { user_id, contact_id, vouched: true, page: self.page, holds: holds(actor) };
        links::open(app, on, actor.request(), &link).await
    }

    /// Sends the link. Where there is no address or no provider takes the message, gives it to the actor: one of its own
    /// then, for what passes through other hands proves no address.
    async fn hand_over(
        mut self,
        app: &App,
        actor: Actor<'_>,
        user: ManagedUser,
        link: Url,
    ) -> Result<Invitation, Problem> {
        let expires_at = app.platform.now() + holds(actor);
        let Some((_, address)) = self.contact.take() else {
            return Ok(Invitation { user, expires_at, url: Some(link) });
        };
        let template = Template::Invitation { link, valid_for: holds(actor).unsigned_abs() };
        let url = match app.delivery.send(&app.platform, user.id, address.message(template)).await {
            Ok(()) => None,
            Err(problem) => {
                tracing::warn!(code = problem.summary().0, "an invitation was not sent");
                let on = app.platform.db.unaudited(user.id);
                Some(self.link(app, &on, actor, user.id).await?)
            }
        };
        Ok(Invitation { user, expires_at, url })
    }
}
