//! Where a value stands: its owner, its column, and the blind index of its key as the row. A former version stands in the
//! same place, so that its bytes can move between the tables as they are.

use jiff::{SignedDuration, Timestamp};
use shared::Platform;
use shared::http::Problem;
use shared::identity::Caller;
use shared::ledger::AuditEntry;
use shared::vault::{BlindIndex, Field};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::hexadecimal;
use crate::App;
use crate::model::{Key, Metadata, Value};
use crate::store::values::{Limits, Sealed};

const TABLE: &str = "encrypted_storage";
const HOURS_A_DAY: i64 = 24;

pub(super) async fn index(app: &App, caller: &Caller, key: &Key) -> Result<BlindIndex, Problem> {
    index_of(&app.platform, caller.user_id(), key.as_str()).await
}

/// The index of an owner's key.
pub(crate) async fn index_of(platform: &Platform, owner: Uuid, key: &str) -> Result<BlindIndex, Problem> {
    Ok(platform.vault.blind_index(&platform.db, "encrypted_storage.key", Some(owner), key).await?)
}

pub(super) async fn indexes(app: &App, caller: &Caller, keys: &[&Key]) -> Result<Vec<BlindIndex>, Problem> {
    let mut indexes = Vec::with_capacity(keys.len());
    for key in keys {
        indexes.push(index(app, caller, key).await?);
    }
    Ok(indexes)
}

/// An audit entry; it names keys by their indexes.
pub(super) fn entry(app: &App, caller: &Caller, action: &'static str, indexes: &[BlindIndex]) -> AuditEntry {
    let entry = AuditEntry::by(caller, action, TABLE, app.platform.now());
    if indexes.is_empty() {
        return entry;
    }
    let names: Vec<String> = indexes.iter().map(|index| hexadecimal(index.as_bytes())).collect();
    entry.resource(names.join(" "))
}

/// What is to stand in a place.
pub(super) type Part<'a> = (BlindIndex, &'a Key, &'a Value, Option<&'a Metadata>);

/// Seals names and values, each for its place.
pub(super) async fn seal(app: &App, caller: &Caller, items: &[Part<'_>]) -> Result<Vec<Sealed>, Problem> {
    let platform = &app.platform;
    let owner = platform.vault.owner_key(&platform.db, caller.user_id()).await?;
    let mut sealed = Vec::with_capacity(items.len());
    for &(index, key, value, metadata) in items {
        let row = hexadecimal(index.as_bytes());
        sealed.push(Sealed {
            index,
            name: owner.seal(&field("key_name", &row), key.as_str().as_bytes())?,
            data: owner.seal(&field("encrypted_data", &row), value.as_bytes())?,
            metadata: metadata.map(|metadata| metadata.as_str().to_owned()),
        });
    }
    Ok(sealed)
}

/// The JSON text of a sealed value.
pub(super) async fn open_value(
    app: &App,
    caller: &Caller,
    index: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let (platform, row) = (&app.platform, hexadecimal(index));
    Ok(platform.vault.open_any(&platform.db, caller.user_id(), &field("encrypted_data", &row), sealed).await?)
}

/// A sealed name.
pub(crate) async fn open_name(
    platform: &Platform,
    owner: Uuid,
    index: &[u8],
    sealed: &[u8],
) -> Result<String, Problem> {
    let row = hexadecimal(index);
    let name = platform.vault.open_any(&platform.db, owner, &field("key_name", &row), sealed).await?;
    String::from_utf8(name.to_vec()).map_err(|_| Problem::internal("a key's name is not UTF-8"))
}

pub(super) fn limits(app: &App) -> Limits {
    let storage = app.platform.settings.storage;
    Limits { keys: storage.keys, bytes: storage.bytes }
}

/// Before this, the time of former versions and deleted keys is over.
pub(super) fn kept_since(now: Timestamp, days: i64) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(days.saturating_mul(HOURS_A_DAY))).unwrap_or(Timestamp::MIN)
}

pub(super) fn field<'a>(column: &'a str, row: &'a str) -> Field<'a> {
    Field { table: TABLE, column, row }
}
