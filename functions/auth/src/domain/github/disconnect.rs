//! The end of a connection: at GitHub first, then here.

use shared::http::Problem;
use shared::identity::Caller;
use shared::ledger::{AuditEntry, SecurityEvent, Severity};
use uuid::Uuid;

use super::{client, connection, tokens};
use crate::App;
use crate::delivery::SecurityChange;
use crate::domain::{contacts, step_up, ways};
use crate::store::{accounts, oauth_connections};

/// Takes back what the user has granted at GitHub, then forgets the connection. Where GitHub can't be asked nothing is
/// forgotten: the tokens would live on and nobody could end them.
///
/// # Errors
/// 403 `step_up_required`; 404 where there is none; 409 `last_way_to_sign_in`; 503 `github_unavailable`.
pub(crate) async fn disconnect(app: &App, caller: &Caller) -> Result<(), Problem> {
    step_up::require(app, caller).await?;
    let (github, platform, user_id) = (client(app)?, &app.platform, caller.user_id());
    let found = oauth_connections::find(&platform.db.unaudited(user_id), user_id).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    // Tried first: nothing is taken back for a refusal.
    forget(app, caller, found.id, Trial::Yes).await?;
    let access_token = match tokens::usable(app, caller, found.clone()).await {
        Ok(usable) => usable.access_token,
        Err(problem) if problem.status().is_server_error() => return Err(still_there(problem)),
        // GitHub ends a grant by a token of it, also by one that is over where it still knows it.
        Err(_) => connection::open_token(platform, user_id, found.id, "access_token", &found.tokens.access).await?,
    };
    github.revoke_grant(&access_token).await.map_err(|error| still_there(error.into()))?;
    forget(app, caller, found.id, Trial::No).await
}

#[derive(PartialEq, Eq)]
enum Trial {
    Yes,
    No,
}

async fn forget(app: &App, caller: &Caller, id: Uuid, trial: Trial) -> Result<(), Problem> {
    let (platform, user_id) = (&app.platform, caller.user_id());
    let entry = AuditEntry::by(caller, "github.disconnect", "github", platform.now()).resource(id);
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    step_up::still_here(app, &transaction, caller).await?;
    let version = accounts::raise_security_version(&transaction, user_id, platform.now()).await?;
    if !oauth_connections::delete(&transaction, id).await? {
        return Err(Problem::not_found());
    }
    ways::one_is_left(&transaction, user_id).await?;
    if trial == Trial::Yes {
        return Ok(());
    }
    SecurityEvent::new(user_id, "github_disconnected", Severity::Medium, caller.request)
        .details(serde_json::json!({"connection_id": id}))
        .record(&transaction, &platform.clock)
        .await?;
    transaction.commit().await?;
    platform.sessions.forget_user(user_id, version).await;
    contacts::notice(app, user_id, SecurityChange::GithubDisconnected).await;
    Ok(())
}

fn still_there(problem: Problem) -> Problem {
    problem.detail("Nothing was disconnected: GitHub has to be told first. Try again in a moment.")
}
