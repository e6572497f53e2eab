//! API keys: made by somebody who is there, shown once, for a time and for what their scopes say.

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shared::http::Problem;
use shared::identity::{ApiKey, Caller, Permission, Scope, TokenHash};
use shared::ledger::{AuditEntry, SecurityEvent, Severity};
use shared::vault::Field;
use uuid::Uuid;

use super::{contacts, step_up};
use crate::App;
use crate::delivery::SecurityChange;
use crate::model::DisplayName;
use crate::store::api_keys::{self, Row};

/// Days a key holds at the most.
pub(crate) const LONGEST_DAYS: i64 = 365;
/// Keys one user may have at a time.
const MOST_KEYS: i64 = 50;

/// A key as its owner sees it.
pub(crate) struct Key {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) hint: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) last_used_at: Option<Timestamp>,
}

/// What a key is to be, parsed.
pub(crate) struct NewKey {
    name: DisplayName,
    scopes: Vec<Scope>,
    days: i64,
}

impl NewKey {
    /// Reads a request.
    ///
    /// # Errors
    /// 400 `invalid_name`, `invalid_scopes` or `invalid_lifetime`.
    pub(crate) fn parse(name: &str, scopes: &[String], days: i64) -> Result<Self, Problem> {
        let name = DisplayName::parse(name)
            .map_err(|_| Problem::bad_request("invalid_name", "The name has to be 1 to 64 printable characters"))?;
        let mut parsed: Vec<Scope> = Vec::new();
        for scope in scopes {
            let scope = Scope::parse(scope).ok_or_else(invalid_scopes)?;
            if !parsed.contains(&scope) {
                parsed.push(scope);
            }
        }
        if parsed.is_empty() {
            return Err(invalid_scopes());
        }
        if !(1..=LONGEST_DAYS).contains(&days) {
            return Err(Problem::bad_request("invalid_lifetime", "A key holds for 1 to 365 days"));
        }
        Ok(Self { name, scopes: parsed, days })
    }
}

fn invalid_scopes() -> Problem {
    let names: Vec<_> = Scope::names().collect();
    Problem::bad_request("invalid_scopes", "A key needs at least one scope, of those there are")
        .detail(format!("The scopes are {}.", names.join(", ")))
}

/// Makes a key; the secret is in the answer and nowhere else.
///
/// # Errors
/// 403 `step_up_required`, `second_factor_required`, or `not_permitted` for a scope beyond the caller's role; 409 `too_many_keys`.
pub(crate) async fn create(app: &App, caller: &Caller, new: NewKey) -> Result<(ApiKey, Key), Problem> {
    step_up::require_as_role(app, caller).await?;
    let permitted = [
        ("users:read", Permission::UsersRead),
        ("users:write", Permission::UsersWrite),
        ("operators:write", Permission::OperatorsWrite),
    ];
    for (scope, permission) in permitted {
        if new.scopes.iter().any(|asked| asked.name() == scope) {
            caller.require(permission)?;
        }
    }
    let (platform, user_id, now) = (&app.platform, caller.user_id(), app.platform.now());
    let key = platform.sessions.new_api_key().await?;
    let id = platform.new_id()?;
    let owner_key = platform.vault.owner_key(&platform.db, user_id).await?;
    let row = Row {
        id,
        name: owner_key.seal(&field(&id.to_string()), new.name.as_str().as_bytes())?,
        hint: key.hint().to_owned(),
        scopes: new.scopes.iter().map(|scope| scope.name().to_owned()).collect(),
        created_at: now,
        expires_at: now + SignedDuration::from_hours(24 * new.days),
        last_used_at: None,
    };
    let entry = AuditEntry::by(caller, "api_key.create", "api_key", now).resource(id);
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    step_up::still_here(app, &transaction, caller).await?;
    if api_keys::how_many(&transaction, user_id, now).await? >= MOST_KEYS {
        return Err(Problem::new(StatusCode::CONFLICT, "too_many_keys", "There are 50 API keys already")
            .detail("Revoke one that is no longer used."));
    }
    api_keys::insert(&transaction, user_id, &row, &key.hash()).await?;
    let event = SecurityEvent::new(user_id, "api_key_created", Severity::Medium, caller.request);
    event.details(json!({"api_key_id": id, "scopes": row.scopes})).record(&transaction, &platform.clock).await?;
    transaction.commit().await?;
    contacts::notice(app, user_id, SecurityChange::ApiKeyCreated).await;
    Ok((key, shown(row, new.name.as_str().to_owned())))
}

/// The caller's keys, the newest first.
pub(crate) async fn list(app: &App, caller: &Caller) -> Result<Vec<Key>, Problem> {
    let (platform, user_id) = (&app.platform, caller.user_id());
    let entry = AuditEntry::by(caller, "api_key.list", "api_key", platform.now());
    let rows = api_keys::list(&platform.db.scoped(entry), platform.now()).await?;
    let mut keys = Vec::with_capacity(rows.len());
    for row in rows {
        let name = platform.vault.open_any(&platform.db, user_id, &field(&row.id.to_string()), &row.name).await?;
        keys.push(shown(row, String::from_utf8_lossy(&name).into_owned()));
    }
    Ok(keys)
}

/// Ends a key: the next request with it is refused.
///
/// # Errors
/// 404 where the caller has no such key.
pub(crate) async fn revoke(app: &App, caller: &Caller, id: Uuid) -> Result<(), Problem> {
    let (platform, now) = (&app.platform, app.platform.now());
    let entry = AuditEntry::by(caller, "api_key.revoke", "api_key", now).resource(id);
    let hash = api_keys::revoke(&platform.db.scoped(entry), id, now).await?.ok_or_else(Problem::not_found)?;
    let hash = TokenHash::from_bytes(&hash).ok_or_else(|| Problem::internal("an API key's hash has not its length"))?;
    platform.sessions.forget_token(&hash).await;
    Ok(())
}

fn shown(row: Row, name: String) -> Key {
    Key {
        id: row.id,
        name,
        hint: row.hint,
        scopes: row.scopes,
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
    }
}

fn field(row: &str) -> Field<'_> {
    Field { table: "api_keys", column: "name", row }
}
