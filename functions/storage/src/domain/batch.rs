//! Several values at once.

use shared::http::Problem;
use shared::identity::Caller;

use super::outcome::done_each;
use super::place::{Part, entry, indexes, limits, open_value, seal};
use super::places::Places;
use super::values::{Opened, Stored};
use crate::App;
use crate::model::{Condition, Key, LONGEST_VALUE, Metadata, Value};
use crate::store::values::{self, Changed, Content, Found};

/// Most sealed bytes of one answer, less than a Lambda function may answer at once; a value always fits.
#[expect(clippy::cast_possible_wrap, reason = "a constant far below the limit")]
const MOST_BYTES: i64 = LONGEST_VALUE as i64 + 64 * 1024;

/// A value to store.
pub(crate) struct SetItem {
    pub(crate) key: Key,
    pub(crate) value: Value,
    pub(crate) metadata: Option<Metadata>,
    pub(crate) condition: Condition,
}

/// A key, and under which version of it something is to happen.
pub(crate) struct KeyItem {
    pub(crate) key: Key,
    pub(crate) condition: Condition,
}

/// What there is under a key.
pub(crate) enum Got {
    Found(Opened),
    NotModified(Opened),
    /// There, but the answer would become too long.
    LeftOff(i64),
    NotFound,
}

/// Stores all values or none; gives their versions in their order.
pub(crate) async fn set(app: &App, caller: &Caller, items: &[SetItem]) -> Result<Vec<Stored>, Problem> {
    let now = app.platform.now();
    let mut places = Places::of(app, caller, items.iter().map(|item| &item.key).collect()).await?;
    let changed = loop {
        let parts = places.indexes().iter().zip(items);
        let parts: Vec<Part<'_>> =
            parts.map(|(index, item)| (*index, &item.key, &item.value, item.metadata.as_ref())).collect();
        let sealed = seal(app, caller, &parts).await?;
        let conditions = Condition::all(items.iter().map(|item| &item.condition));
        let scope = app.platform.db.scoped(entry(app, caller, "storage.batch.set", places.indexes()));
        match values::store(&scope, caller.user_id(), &sealed, conditions, now, limits(app)).await? {
            Changed::Elsewhere => places.settle(app, caller).await?,
            changed => break changed,
        }
    };
    let mut stored = done_each(app, changed)?;
    stored.sort_unstable();
    Ok(stored.into_iter().map(|(_, version)| Stored { version, updated_at: now }).collect())
}

/// What there is under each key, in their order.
pub(crate) async fn get(app: &App, caller: &Caller, items: Vec<KeyItem>) -> Result<Vec<Got>, Problem> {
    let keys: Vec<&Key> = items.iter().map(|item| &item.key).collect();
    let indexes = indexes(app, caller, &keys).await?;
    let known = items.into_iter().map(|item| item.condition.into_known().first().copied().unwrap_or_default());
    let known: Vec<i64> = known.collect();
    let scope = app.platform.db.scoped(entry(app, caller, "storage.batch.get", &indexes));
    let found = values::find_all(&scope, &indexes, &known, MOST_BYTES).await?;
    let mut answers: Vec<Got> = indexes.iter().map(|_| Got::NotFound).collect();
    for found in found {
        let Some(answer) = answers.get_mut(found.item) else { continue };
        *answer = got(app, caller, found).await?;
    }
    Ok(answers)
}

async fn got(app: &App, caller: &Caller, found: Found) -> Result<Got, Problem> {
    let opened = |json| {
        let metadata = found.metadata.map(Metadata::stored).transpose()?;
        Ok::<_, Problem>(Opened { version: found.version, updated_at: found.updated_at, metadata, json })
    };
    Ok(match found.data {
        Content::Known => Got::NotModified(opened(None)?),
        Content::LeftOff => Got::LeftOff(found.version),
        Content::Sealed(sealed) => Got::Found(opened(Some(open_value(app, caller, &found.index, &sealed).await?))?),
    })
}

/// Deletes all keys or none; gives of each whether it was there.
pub(crate) async fn delete(app: &App, caller: &Caller, items: &[KeyItem]) -> Result<Vec<bool>, Problem> {
    let mut places = Places::of(app, caller, items.iter().map(|item| &item.key).collect()).await?;
    let changed = loop {
        let conditions = Condition::all(items.iter().map(|item| &item.condition));
        let scope = app.platform.db.scoped(entry(app, caller, "storage.batch.delete", places.indexes()));
        match values::remove(&scope, caller.user_id(), places.indexes(), conditions, app.platform.now()).await? {
            Changed::Elsewhere => places.settle(app, caller).await?,
            changed => break changed,
        }
    };
    let deleted = done_each(app, changed)?;
    Ok((0..items.len()).map(|item| deleted.iter().any(|(at, _)| *at == item)).collect())
}
