//! Preferences: read from the cache where it has them, changed under a version.

use axum::http::StatusCode;
use shared::Platform;
use shared::http::{EntityTags, Json, Members, Problem};
use shared::identity::Caller;
use shared::ledger::AuditEntry;
use shared::vault::Field;
use uuid::Uuid;

use crate::App;
use crate::model::Preferences;
use crate::store::user_preferences;

/// How long a change made elsewhere may go unseen where the cache could not be told.
const CACHED_SECONDS: i64 = 300;
/// How often a change without a condition is tried again over somebody else's.
const TRIES: usize = 20;
/// A stored document nests as deep as its schema lets it.
const DEEPEST: usize = 32;

/// Preferences of one version; 0 where nothing was ever set.
pub(crate) struct Versioned {
    pub(crate) version: i64,
    pub(crate) preferences: Preferences,
}

/// The caller's preferences. From the cache they write no audit row: see docs/adr/0006.
pub(crate) async fn read(app: &App, caller: &Caller) -> Result<Versioned, Problem> {
    let (platform, user_id) = (&app.platform, caller.user_id());
    if let Ok(Some((version, sealed))) = platform.cache.get_versioned(&cache_key(user_id)).await
        // What does not open was not put there by Ward: the database knows better.
        && let Ok(found) = open(platform, user_id, version, &sealed).await
    {
        return Ok(found);
    }
    let (version, sealed) = stored(platform, caller).await?;
    let found = open(platform, user_id, version, &sealed).await?;
    remember(platform, user_id, version, &sealed).await;
    Ok(found)
}

/// Changes the caller's preferences by a merge patch. With a condition on the version, only where it holds; without one
/// the change goes on top of whatever is there, and takes nothing of anybody's back.
///
/// # Errors
/// 412 `version_mismatch`; 422 `invalid_preferences`.
pub(crate) async fn patch(
    app: &App,
    caller: &Caller,
    patch: &Members,
    condition: Option<&EntityTags>,
) -> Result<Versioned, Problem> {
    let (platform, user_id) = (&app.platform, caller.user_id());
    for _ in 0..TRIES {
        let (before, sealed) = stored(platform, caller).await?;
        if condition.is_some_and(|tags| !tags.match_strongly(before)) {
            return Err(Problem::new(
                StatusCode::PRECONDITION_FAILED,
                "version_mismatch",
                "The preferences have changed since they were read",
            )
            .detail("Read them again, and repeat the change with the new ETag."));
        }
        let mut next = open(platform, user_id, before, &sealed).await?;
        next.version += 1;
        next.preferences.apply(patch.clone())?;
        let sealed = seal(platform, user_id, &next).await?;
        let now = platform.now();
        let entry = AuditEntry::by(caller, "preferences.update", "user_preferences", now).resource(next.version);
        if user_preferences::put_next(&platform.db.scoped(entry), user_id, before, &sealed, now).await? {
            remember(platform, user_id, next.version, &sealed).await;
            return Ok(next);
        }
    }
    Err(Problem::unavailable())
}

/// What the database holds: version 0 and nothing where nothing was ever set.
async fn stored(platform: &Platform, caller: &Caller) -> Result<(i64, Vec<u8>), Problem> {
    let entry = AuditEntry::by(caller, "preferences.read", "user_preferences", platform.now());
    Ok(user_preferences::find(&platform.db.scoped(entry), caller.user_id()).await?.unwrap_or_default())
}

/// A cache that can't be told serves what it has for [`CACHED_SECONDS`] at most.
async fn remember(platform: &Platform, user_id: Uuid, version: i64, sealed: &[u8]) {
    let put = platform.cache.put_newer(&cache_key(user_id), version, sealed, CACHED_SECONDS).await;
    if let Err(error) = put {
        tracing::debug!(%error, "preferences not cached");
    }
}

async fn open(platform: &Platform, user_id: Uuid, version: i64, sealed: &[u8]) -> Result<Versioned, Problem> {
    if version == 0 {
        return Ok(Versioned { version, preferences: Preferences::default() });
    }
    let row = row(user_id, version);
    let text = platform.vault.open_any(&platform.db, user_id, &field(&row), sealed).await?;
    match Json::parse(&text, DEEPEST) {
        Ok(Json::Object(document)) => Ok(Versioned { version, preferences: Preferences::stored(document) }),
        _ => Err(Problem::internal("stored preferences are no JSON object")),
    }
}

async fn seal(platform: &Platform, user_id: Uuid, next: &Versioned) -> Result<Vec<u8>, Problem> {
    let text = serde_json::to_vec(&next.preferences).map_err(|_| Problem::internal("preferences have no JSON form"))?;
    let key = platform.vault.owner_key(&platform.db, user_id).await?;
    Ok(key.seal(&field(&row(user_id, next.version)), &text)?)
}

/// The version is bound to the document, so that the cache can't give one the number of another.
fn row(user_id: Uuid, version: i64) -> String {
    format!("{user_id} {version}")
}

fn field(row: &str) -> Field<'_> {
    Field { table: "user_preferences", column: "document", row }
}

fn cache_key(user_id: Uuid) -> String {
    format!("preferences:{user_id}")
}
