//! Connecting a GitHub account to a user, each time with an audit row, and with an event where it is a new way in.

use serde_json::json;
use shared::Platform;
use shared::data::DbError;
use shared::http::Problem;
use shared::ledger::{AuditEntry, SecurityEvent, Severity};
use shared::vault::BlindIndex;
use uuid::Uuid;

use super::{conflict, connection};
use crate::App;
use crate::delivery::SecurityChange;
use crate::domain::{Client, contacts};
use crate::github::{Grant, Person};
use crate::store::accounts;
use crate::store::oauth_connections::{self as connections, New};

/// What a GitHub account is found by: its number, for a login can pass to another user.
pub(super) async fn subject(platform: &Platform, person: &Person) -> Result<BlindIndex, Problem> {
    index(platform, person.id).await
}

/// The same for the connection `id` of a user, from its sealed profile.
pub(crate) async fn subject_of(
    platform: &Platform,
    user_id: Uuid,
    id: Uuid,
    sealed: &[u8],
) -> Result<BlindIndex, Problem> {
    index(platform, connection::open_profile(platform, user_id, id, sealed).await?.id).await
}

async fn index(platform: &Platform, number: u64) -> Result<BlindIndex, Problem> {
    let value = format!("github {number}");
    Ok(platform.vault.blind_index(&platform.db, "oauth_connections.subject", None, &value).await?)
}

/// Connects a GitHub account to a user who is signed in and has asked for it.
///
/// # Errors
/// 409 `github_taken` where another user has it, `github_other_account` where the user has another.
pub(super) async fn to_caller(
    app: &App,
    client: &Client,
    user_id: Uuid,
    person: &Person,
    grant: &Grant,
) -> Result<(), Problem> {
    let (platform, subject) = (&app.platform, subject(&app.platform, person).await?);
    match accounts::find_id(&platform.db.unscoped(), "github", &subject).await? {
        Some(owner) if owner == user_id => renew(app, client, user_id, person, grant).await,
        Some(_) => Err(taken()),
        None => insert(app, client, user_id, person, grant, "connect").await,
    }
}

/// Connects it to a user who has just signed in by an address both sides have verified.
pub(super) async fn by_address(
    app: &App,
    client: &Client,
    user_id: Uuid,
    person: &Person,
    grant: &Grant,
) -> Result<(), Problem> {
    insert(app, client, user_id, person, grant, "verified_address").await
}

/// Puts a new grant in place of the one there is.
pub(super) async fn renew(
    app: &App,
    client: &Client,
    user_id: Uuid,
    person: &Person,
    grant: &Grant,
) -> Result<(), Problem> {
    let platform = &app.platform;
    let subject = subject(platform, person).await?;
    // Gone meanwhile: then the user has just disconnected it, and it stays so.
    let Some(id) = connections::find_subject(&platform.db.unaudited(user_id), user_id, &subject).await? else {
        return Ok(());
    };
    let profile = connection::seal_profile(platform, user_id, id, person).await?;
    let tokens = connection::seal_tokens(platform, user_id, id, grant).await?;
    let entry = AuditEntry::of(user_id, client.request, "github.renew", "github", platform.now()).resource(id);
    Ok(connections::renew(&platform.db.scoped(entry), id, &profile, &tokens).await?)
}

async fn insert(
    app: &App,
    client: &Client,
    user_id: Uuid,
    person: &Person,
    grant: &Grant,
    by: &'static str,
) -> Result<(), Problem> {
    let (platform, now) = (&app.platform, app.platform.now());
    let id = platform.new_id()?;
    let subject = subject(platform, person).await?;
    let profile = connection::seal_profile(platform, user_id, id, person).await?;
    let tokens = connection::seal_tokens(platform, user_id, id, grant).await?;
    let entry = AuditEntry::of(user_id, client.request, "github.connect", "github", now).resource(id);
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    let version = accounts::raise_security_version(&transaction, user_id, now).await?;
    let new = New { id, user_id, subject: &subject, profile: &profile, tokens: &tokens, now };
    connections::insert(&transaction, &new).await.map_err(|error| refused(&error))?;
    SecurityEvent::new(user_id, "github_connected", Severity::Medium, client.request)
        .details(json!({"connection_id": id, "by": by}))
        .record(&transaction, &platform.clock)
        .await?;
    transaction.commit().await?;
    platform.sessions.forget_user(user_id, version).await;
    contacts::notice(app, user_id, SecurityChange::GithubConnected).await;
    Ok(())
}

fn refused(error: &DbError) -> Problem {
    if error.violates(connections::SUBJECT_TAKEN) {
        taken()
    } else if error.violates(connections::USER_CONNECTED) {
        other_account()
    } else {
        error.clone().into()
    }
}

fn taken() -> Problem {
    conflict("github_taken", "This GitHub account is connected to another account").detail("Disconnect it there first.")
}

/// 409: one account, one GitHub account.
pub(super) fn other_account() -> Problem {
    conflict("github_other_account", "Another GitHub account is connected to this account")
        .detail("Sign in with that one, or disconnect it first.")
}
