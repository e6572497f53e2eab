//! The connection as it is kept: tokens and name sealed under the user's key, each bound to its column and row.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use shared::Platform;
use shared::http::Problem;
use shared::identity::Caller;
use shared::ledger::AuditEntry;
use shared::vault::Field;
use uuid::Uuid;

use crate::App;
use crate::github::{Grant, Person};
use crate::store::oauth_connections::{self, Connection, Tokens};

/// A token that lives longer is asked for anew before.
const LONGEST_LIFE: Duration = Duration::from_hours(366 * 24);

/// Who the user is at GitHub.
#[derive(Serialize, Deserialize)]
pub(super) struct Profile {
    pub(super) id: u64,
    login: String,
}

/// A connection as its user sees it.
pub(crate) struct Shown {
    pub(crate) login: String,
    pub(crate) connection: Connection,
}

impl Shown {
    /// When it ends if it is not used: tokens that can be refreshed last as long as they can.
    pub(crate) fn expires_at(&self) -> Option<Timestamp> {
        let tokens = &self.connection.tokens;
        if tokens.refresh.is_some() { tokens.refresh_expires_at } else { tokens.access_expires_at }
    }
}

/// The caller's connection.
pub(crate) async fn show(app: &App, caller: &Caller) -> Result<Option<Shown>, Problem> {
    let (platform, user_id) = (&app.platform, caller.user_id());
    let entry = AuditEntry::by(caller, "github.connection.read", "github", platform.now());
    let Some(connection) = oauth_connections::find(&platform.db.scoped(entry), user_id).await? else {
        return Ok(None);
    };
    let profile = open_profile(platform, user_id, connection.id, &connection.profile).await?;
    Ok(Some(Shown { login: profile.login, connection }))
}

/// Opens who the user is at GitHub, of the row `id`.
pub(super) async fn open_profile(
    platform: &Platform,
    user_id: Uuid,
    id: Uuid,
    sealed: &[u8],
) -> Result<Profile, Problem> {
    let row = id.to_string();
    let json = platform.vault.open_any(&platform.db, user_id, &field("profile", &row), sealed).await?;
    serde_json::from_slice(&json).map_err(|_| Problem::internal("a GitHub profile does not parse"))
}

/// Seals who the user is at GitHub, for the row `id`.
pub(super) async fn seal_profile(
    platform: &Platform,
    user_id: Uuid,
    id: Uuid,
    person: &Person,
) -> Result<Vec<u8>, Problem> {
    let profile = Profile { id: person.id, login: person.login.clone() };
    let json = serde_json::to_vec(&profile).map_err(|_| Problem::internal("a GitHub profile has no JSON form"))?;
    let key = platform.vault.owner_key(&platform.db, user_id).await?;
    Ok(key.seal(&field("profile", &id.to_string()), &json)?)
}

/// Seals the tokens of a grant, for the row `id`.
pub(super) async fn seal_tokens(
    platform: &Platform,
    user_id: Uuid,
    id: Uuid,
    grant: &Grant,
) -> Result<Tokens, Problem> {
    let key = platform.vault.owner_key(&platform.db, user_id).await?;
    let (row, now) = (id.to_string(), platform.now());
    let seal = |column, token: &SecretString| key.seal(&field(column, &row), token.expose_secret().as_bytes());
    let end = |lifetime: Option<Duration>| {
        lifetime.map(|life| now + SignedDuration::from_secs(life.min(LONGEST_LIFE).as_secs().cast_signed()))
    };
    Ok(Tokens {
        access: seal("access_token", &grant.access_token)?,
        refresh: grant.refresh_token.as_ref().map(|token| seal("refresh_token", token)).transpose()?,
        scopes: grant.scopes.clone(),
        access_expires_at: end(grant.access_expires_in),
        refresh_expires_at: end(grant.refresh_expires_in),
    })
}

/// Opens a token of the row `id`.
pub(super) async fn open_token(
    platform: &Platform,
    user_id: Uuid,
    id: Uuid,
    column: &str,
    sealed: &[u8],
) -> Result<SecretString, Problem> {
    let row = id.to_string();
    let token = platform.vault.open_any(&platform.db, user_id, &field(column, &row), sealed).await?;
    let text = std::str::from_utf8(&token).map_err(|_| Problem::internal("a GitHub token is no text"))?;
    Ok(SecretString::from(text))
}

fn field<'a>(column: &'a str, row: &'a str) -> Field<'a> {
    Field { table: "oauth_connections", column, row }
}
