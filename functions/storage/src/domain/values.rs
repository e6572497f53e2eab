//! One value.

use jiff::Timestamp;
use shared::http::Problem;
use shared::identity::Caller;
use zeroize::Zeroizing;

use super::outcome::done;
use super::place::{entry, index, limits, open_value, seal};
use super::places::Places;
use crate::App;
use crate::model::{Condition, Key, Metadata, Value};
use crate::store::values::{self, Changed, Content};

/// A version of a value and when it was stored.
pub(crate) struct Stored {
    pub(crate) version: i64,
    pub(crate) updated_at: Timestamp,
}

/// A value and what is known of it.
pub(crate) struct Opened {
    pub(crate) version: i64,
    pub(crate) updated_at: Timestamp,
    pub(crate) metadata: Option<Metadata>,
    /// The JSON text; nothing where the caller knows this version.
    pub(crate) json: Option<Zeroizing<Vec<u8>>>,
}

/// Stores a value under a key, in place of what stood there, where the condition holds.
pub(crate) async fn set(
    app: &App,
    caller: &Caller,
    key: &Key,
    value: &Value,
    metadata: Option<&Metadata>,
    condition: &Condition,
) -> Result<Stored, Problem> {
    let (platform, user_id, now) = (&app.platform, caller.user_id(), app.platform.now());
    let mut places = Places::of(app, caller, vec![key]).await?;
    let changed = loop {
        let index = places.index()?;
        let sealed = seal(app, caller, &[(index, key, value, metadata)]).await?;
        let scope = platform.db.scoped(entry(app, caller, "storage.set", &[index]));
        let conditions = Condition::all([condition]);
        match values::store(&scope, user_id, &sealed, conditions, now, limits(app)).await? {
            Changed::Elsewhere => places.settle(app, caller).await?,
            changed => break changed,
        }
    };
    let stored = done(app, changed)?;
    let (_, version) = stored.first().ok_or_else(|| Problem::internal("a stored value has no version"))?;
    Ok(Stored { version: *version, updated_at: now })
}

/// The value under a key, without its bytes where the caller knows its version.
pub(crate) async fn get(app: &App, caller: &Caller, key: &Key, known: &[i64]) -> Result<Opened, Problem> {
    let index = index(app, caller, key).await?;
    let scope = app.platform.db.scoped(entry(app, caller, "storage.get", &[index]));
    let found = values::find(&scope, &index, known).await?.ok_or_else(Problem::not_found)?;
    let json = match &found.data {
        Content::Sealed(sealed) => Some(open_value(app, caller, &found.index, sealed).await?),
        Content::Known | Content::LeftOff => None,
    };
    let metadata = found.metadata.map(Metadata::stored).transpose()?;
    Ok(Opened { version: found.version, updated_at: found.updated_at, metadata, json })
}

/// Deletes a key where the condition holds; `false` where there was none.
pub(crate) async fn delete(app: &App, caller: &Caller, key: &Key, condition: &Condition) -> Result<bool, Problem> {
    let (user_id, now) = (caller.user_id(), app.platform.now());
    let mut places = Places::of(app, caller, vec![key]).await?;
    let changed = loop {
        let scope = app.platform.db.scoped(entry(app, caller, "storage.delete", places.indexes()));
        let conditions = Condition::all([condition]);
        match values::remove(&scope, user_id, places.indexes(), conditions, now).await? {
            Changed::Elsewhere => places.settle(app, caller).await?,
            changed => break changed,
        }
    };
    Ok(!done(app, changed)?.is_empty())
}

/// Deletes every key; gives how many there were.
pub(crate) async fn clear(app: &App, caller: &Caller) -> Result<u64, Problem> {
    let scope = app.platform.db.scoped(entry(app, caller, "storage.clear", &[]));
    Ok(values::clear(&scope, caller.user_id(), app.platform.now()).await?)
}
