//! Whom a GitHub user signs in: the user the GitHub account is connected to; else the one user who has proved an address
//! that GitHub has verified, too; else a new one, where anybody may register. An address that either side has not
//! verified matches nobody.

use shared::config::Registration;
use shared::http::Problem;
use shared::identity::Assurance;
use uuid::Uuid;

use super::{account, conflict, link};
use crate::App;
use crate::domain::attempts::Attempt;
use crate::domain::sign_in::{self, Outcome, Proven, SessionMode};
use crate::domain::{Client, contacts};
use crate::github::{Grant, Person};
use crate::store::accounts;

/// How often somebody else may be quicker.
const MOST_TRIES: usize = 3;

enum Whose {
    /// It is connected to this user.
    Connected(Uuid),
    /// This user has a verified address of it.
    Address(Uuid),
    /// Nobody's: a new user's.
    Nobodys,
}

/// Signs in. The second factor of the account stays in force; until it is shown nothing is stored of the grant.
///
/// # Errors
/// 403 `registration_closed`, `account_disabled` or `account_invited`; 409 `github_ambiguous`, `github_other_account` or
/// `account_changed`.
pub(crate) async fn sign_in(
    app: &App,
    client: &Client,
    attempt: &Attempt,
    person: &Person,
    grant: &Grant,
) -> Result<Outcome, Problem> {
    for _ in 0..MOST_TRIES {
        let whose = match whose(app, person).await {
            Ok(whose) => whose,
            Err(problem) => {
                attempt.uncounted(app, problem.summary().0).await?;
                return Err(problem);
            }
        };
        match whose {
            Whose::Connected(user_id) => {
                let outcome = first_factor(app, client, attempt, user_id).await?;
                if matches!(outcome, Outcome::SignedIn(_)) {
                    link::renew(app, client, user_id, person, grant).await?;
                }
                return Ok(outcome);
            }
            Whose::Address(user_id) => {
                let outcome = first_factor(app, client, attempt, user_id).await?;
                if matches!(outcome, Outcome::SignedIn(_)) {
                    link::by_address(app, client, user_id, person, grant).await?;
                }
                return Ok(outcome);
            }
            Whose::Nobodys => {
                if let Some(welcome) = account::create(app, client, attempt, person, grant).await? {
                    return Ok(Outcome::SignedIn(Box::new(welcome)));
                }
            }
        }
    }
    Err(Problem::unavailable())
}

async fn first_factor(app: &App, client: &Client, attempt: &Attempt, user_id: Uuid) -> Result<Outcome, Problem> {
    let attempt = attempt.by(app, user_id).await?;
    sign_in::first_factor(app, client, proven(user_id), &attempt).await
}

/// GitHub's word is one factor.
pub(super) fn proven(user_id: Uuid) -> Proven {
    Proven { user_id, methods: vec!["github".into()], assurance: Assurance::Aal1, mode: SessionMode::Cookie }
}

/// Whose the GitHub account is, where that is one user's who may have it, or a new one's who may register.
async fn whose(app: &App, person: &Person) -> Result<Whose, Problem> {
    let (platform, on) = (&app.platform, app.platform.db.unscoped());
    let subject = link::subject(platform, person).await?;
    if let Some(user_id) = accounts::find_id(&on, "github", &subject).await? {
        return Ok(Whose::Connected(user_id));
    }
    if let Some(user_id) = by_address(app, person).await? {
        let account = accounts::load(&platform.db.unaudited(user_id), user_id).await?;
        if account.is_some_and(|account| account.has_github) {
            return Err(link::other_account());
        }
        return Ok(Whose::Address(user_id));
    }
    if platform.settings.sign_in.registration != Registration::Open {
        return Err(Problem::forbidden("registration_closed", "No account belongs to this GitHub account")
            .detail("Sign in another way and connect GitHub, or ask for an invitation."));
    }
    Ok(Whose::Nobodys)
}

/// The one user who has proved an address that GitHub has verified.
async fn by_address(app: &App, person: &Person) -> Result<Option<Uuid>, Problem> {
    let (platform, on) = (&app.platform, app.platform.db.unscoped());
    let mut found = None;
    for verified in &person.addresses {
        let index = contacts::email_index(platform, &verified.address).await?;
        let Some(user_id) = accounts::find_id(&on, "email", &index).await? else { continue };
        if found.is_some_and(|other| other != user_id) {
            return Err(conflict(
                "github_ambiguous",
                "The addresses of this GitHub account belong to several accounts",
            )
            .detail("Sign in to one of them another way, and connect GitHub there."));
        }
        found = Some(user_id);
    }
    Ok(found)
}
