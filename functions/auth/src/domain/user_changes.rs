//! What administrators and the operator change of other people's accounts.

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use shared::data::Transaction;
use shared::http::Problem;
use shared::identity::{Assurance, Role};
use shared::ledger::{SecurityEvent, Severity};
use utoipa::ToSchema;
use uuid::Uuid;

use super::users::open;
use super::{Actor, contacts, sessions};
use crate::App;
use crate::delivery::SecurityChange;
use crate::model::ManagedUser;
use crate::store::accounts::{self, Account, Status};
use crate::store::sessions::Which;
use crate::store::{api_keys, devices, recoveries, users};

/// Whether a user may sign in, as an administrator decides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Access {
    Active,
    Disabled,
}

/// What is to change of a user.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Change {
    pub(crate) role: Option<Role>,
    pub(crate) access: Option<Access>,
}

/// Changes a user's role or status; the user's next request sees it. A user who loses something is signed out
/// everywhere.
///
/// # Errors
/// 404; 409 `own_account`, `last_admin` or `account_invited`; 403 `not_permitted` where the actor has just been demoted.
pub(crate) async fn change(app: &App, actor: Actor<'_>, user_id: Uuid, change: Change) -> Result<ManagedUser, Problem> {
    if actor.id() == user_id {
        return Err(Problem::new(StatusCode::CONFLICT, "own_account", "Nobody changes their own role or status")
            .detail("Ask another administrator."));
    }
    let (platform, now) = (&app.platform, app.platform.now());
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&actor.entry(user_id, "user.change", now)).await?;
    let others = actor.still_acts(&transaction, user_id).await?;
    let account = accounts::load(&transaction, user_id).await?.ok_or_else(Problem::not_found)?;
    let plan = Plan::new(&account, change)?;
    if plan.takes_an_administrator(&account) && others == 0 {
        return Err(Problem::new(StatusCode::CONFLICT, "last_admin", "This is the last active administrator")
            .detail("Make another user an administrator first."));
    }
    let version = if plan.is_empty() {
        None
    } else {
        let version = accounts::raise_security_version(&transaction, user_id, now).await?;
        plan.carry_out(app, &transaction, actor, user_id, &account).await?;
        Some(version)
    };
    let user = users::listed(&transaction, user_id).await?.ok_or_else(Problem::not_found)?;
    transaction.commit().await?;
    if let Some(version) = version {
        platform.sessions.forget_user(user_id, version).await;
        for told in plan.notices() {
            contacts::notice(app, user_id, told).await;
        }
    }
    open(app, user).await
}

/// What of a change is one.
struct Plan {
    role: Option<Role>,
    status: Option<Status>,
}

impl Plan {
    fn new(account: &Account, change: Change) -> Result<Self, Problem> {
        let status = match (change.access, account.status) {
            (Some(Access::Disabled), Status::Active | Status::Invited) => Some(Status::Disabled),
            // Disabled before the invitation was followed: there is still no way to sign in.
            (Some(Access::Active), Status::Disabled) if account.ways_to_sign_in() == 0 => Some(Status::Invited),
            (Some(Access::Active), Status::Disabled) => Some(Status::Active),
            (Some(Access::Active), Status::Invited) => {
                return Err(Problem::new(StatusCode::CONFLICT, "account_invited", "This user was invited only")
                    .detail(
                        "The account becomes active when the invitation is followed. Send another if it is over.",
                    ));
            }
            (Some(Access::Active), Status::Active) | (Some(Access::Disabled), Status::Disabled) | (None, _) => None,
        };
        Ok(Self { role: change.role.filter(|role| *role != account.role), status })
    }

    fn is_empty(&self) -> bool {
        self.role.is_none() && self.status.is_none()
    }

    fn takes_an_administrator(&self, account: &Account) -> bool {
        account.role == Role::Admin && account.status == Status::Active && !self.is_empty()
    }

    /// What the user hears of it.
    fn notices(&self) -> impl Iterator<Item = SecurityChange> {
        let status = match self.status {
            Some(Status::Disabled) => Some(SecurityChange::AccountDisabled),
            Some(Status::Active | Status::Invited) => Some(SecurityChange::AccountEnabled),
            None => None,
        };
        self.role.map(|_| SecurityChange::RoleChanged).into_iter().chain(status)
    }

    async fn carry_out(
        &self,
        app: &App,
        on: &Transaction<'_>,
        actor: Actor<'_>,
        user_id: Uuid,
        account: &Account,
    ) -> Result<(), Problem> {
        let (platform, request) = (&app.platform, actor.request());
        users::set(on, user_id, self.role, self.status).await?;
        let disabled = self.status == Some(Status::Disabled);
        if disabled {
            recoveries::void(on, user_id, platform.now()).await?;
        }
        if disabled || self.role.is_some_and(|role| gets_less(account.role, role)) {
            sessions::end(app, on, user_id, Which::default(), request).await?;
        }
        if let Some(role) = self.role {
            // What was trusted with less is asked again.
            devices::distrust(on, user_id, None).await?;
            if app.platform.settings.sign_in.mfa_roles.contains(&role) {
                // What was made with one factor is worth nothing to a role that needs two.
                let weak = Which { below: Some(Assurance::Aal2), ..Which::default() };
                sessions::end(app, on, user_id, weak, request).await?;
                api_keys::revoke_all(on, user_id, platform.now()).await?;
            }
            let privileged = role == Role::Admin || account.role == Role::Admin;
            let severity = if privileged { Severity::High } else { Severity::Medium };
            let details = json!({"from": account.role.name(), "to": role.name(), "by": actor.id()});
            let event = SecurityEvent::new(user_id, "role_changed", severity, request);
            event.details(details).record(on, &platform.clock).await?;
        }
        if self.status.is_some() {
            let (kind, severity) =
                if disabled { ("account_disabled", Severity::Medium) } else { ("account_enabled", Severity::High) };
            let event = SecurityEvent::new(user_id, kind, severity, request);
            event.details(json!({"by": actor.id()})).record(on, &platform.clock).await?;
        }
        Ok(())
    }
}

/// Whether a role loses something. Roles can't be put in one order: only from the least and to the most nothing is lost.
fn gets_less(before: Role, after: Role) -> bool {
    before != Role::User && after != Role::Admin
}

/// Ends all sessions of a user; each one's next request is refused.
///
/// # Errors
/// 404.
pub(crate) async fn end_sessions(app: &App, actor: Actor<'_>, user_id: Uuid) -> Result<(), Problem> {
    let (platform, now) = (&app.platform, app.platform.now());
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&actor.entry(user_id, "user.sessions.end", now)).await?;
    users::listed(&transaction, user_id).await?.ok_or_else(Problem::not_found)?;
    let version = accounts::raise_security_version(&transaction, user_id, now).await?;
    let ended = sessions::end(app, &transaction, user_id, Which::default(), actor.request()).await?;
    let event = SecurityEvent::new(user_id, "sessions_ended", Severity::Medium, actor.request());
    event.details(json!({"sessions": ended, "by": actor.id()})).record(&transaction, &platform.clock).await?;
    transaction.commit().await?;
    platform.sessions.forget_user(user_id, version).await;
    contacts::notice(app, user_id, SecurityChange::SessionsEnded).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(status: Status, passkeys: i64) -> Account {
        Account { passkeys, ..Account::new(Role::User, status, Vec::new()) }
    }

    fn access(access: Access) -> Change {
        Change { access: Some(access), ..Change::default() }
    }

    #[test]
    fn an_account_nobody_has_opened_is_never_made_active_by_somebody_else() {
        let planned = |status, passkeys| Plan::new(&account(status, passkeys), access(Access::Active));
        assert_eq!(planned(Status::Disabled, 1).unwrap().status, Some(Status::Active));
        assert_eq!(planned(Status::Disabled, 0).unwrap().status, Some(Status::Invited));
        assert_eq!(planned(Status::Active, 1).unwrap().status, None);
        assert_eq!(planned(Status::Invited, 0).err().unwrap().summary().0, "account_invited");
    }

    #[test]
    fn what_is_so_already_is_no_change() {
        let change = Change { role: Some(Role::User), access: Some(Access::Disabled) };
        assert!(Plan::new(&account(Status::Disabled, 1), change).unwrap().is_empty());
        assert!(!Plan::new(&account(Status::Invited, 0), change).unwrap().is_empty());
    }

    #[test]
    fn only_from_the_least_role_and_to_the_most_nothing_is_lost() {
        assert!(!gets_less(Role::User, Role::Auditor));
        assert!(!gets_less(Role::Auditor, Role::Admin));
        assert!(gets_less(Role::Admin, Role::Auditor));
        assert!(gets_less(Role::Radiologist, Role::Verifier));
        assert!(gets_less(Role::Auditor, Role::User));
    }
}
