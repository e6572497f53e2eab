//! A value is sealed for its place: owner, column, and the blind index of its key as the row.

use std::fmt::Write;

use jiff::Timestamp;
use shared::http::Problem;
use shared::identity::Caller;
use shared::ledger::AuditEntry;
use shared::vault::{BlindIndex, Field};
use zeroize::Zeroizing;

use crate::App;
use crate::model::{Key, Value};
use crate::store::values::{self, Sealed};

const TABLE: &str = "encrypted_storage";

/// Stores a value under a key, in place of what stood there; gives the time it was stored at.
pub(crate) async fn set(app: &App, caller: &Caller, key: &Key, value: &Value) -> Result<Timestamp, Problem> {
    let platform = &app.platform;
    let (index, now) = (index(app, caller, key).await?, platform.now());
    let row = row_name(index.as_bytes());
    let owner = platform.vault.owner_key(&platform.db, caller.user_id()).await?;
    let sealed = Sealed {
        name: owner.seal(&field("key_name", &row), key.as_str().as_bytes())?,
        data: owner.seal(&field("encrypted_data", &row), value.as_bytes())?,
    };
    let scope = platform.db.scoped(entry(app, caller, "storage.set").resource(&row));
    values::upsert(&scope, platform.new_id()?, caller.user_id(), &index, &sealed, now).await?;
    Ok(now)
}

/// The JSON text under a key, and when it was stored.
pub(crate) async fn get(app: &App, caller: &Caller, key: &Key) -> Result<(Zeroizing<Vec<u8>>, Timestamp), Problem> {
    let platform = &app.platform;
    let index = index(app, caller, key).await?;
    let row = row_name(index.as_bytes());
    let scope = platform.db.scoped(entry(app, caller, "storage.get").resource(&row));
    let (sealed, updated_at) = values::find(&scope, &index).await?.ok_or_else(Problem::not_found)?;
    let field = field("encrypted_data", &row);
    let json = platform.vault.open_any(&platform.db, caller.user_id(), &field, &sealed).await?;
    Ok((json, updated_at))
}

/// Forgets a key and its value; `false` where there was none.
pub(crate) async fn delete(app: &App, caller: &Caller, key: &Key) -> Result<bool, Problem> {
    let index = index(app, caller, key).await?;
    let entry = entry(app, caller, "storage.delete").resource(row_name(index.as_bytes()));
    Ok(values::delete(&app.platform.db.scoped(entry), &index).await?)
}

/// Forgets everything; gives how many keys there were.
pub(crate) async fn clear(app: &App, caller: &Caller) -> Result<u64, Problem> {
    Ok(values::clear(&app.platform.db.scoped(entry(app, caller, "storage.clear"))).await?)
}

/// All keys, sorted.
pub(crate) async fn keys(app: &App, caller: &Caller) -> Result<Vec<String>, Problem> {
    let platform = &app.platform;
    let sealed = values::names(&platform.db.scoped(entry(app, caller, "storage.keys"))).await?;
    let mut keys = Vec::with_capacity(sealed.len());
    for (index, name) in sealed {
        let row = row_name(&index);
        let name = platform.vault.open_any(&platform.db, caller.user_id(), &field("key_name", &row), &name).await?;
        keys.push(String::from_utf8(name.to_vec()).map_err(|_| Problem::internal("a key's name is not UTF-8"))?);
    }
    keys.sort_unstable();
    Ok(keys)
}

async fn index(app: &App, caller: &Caller, key: &Key) -> Result<BlindIndex, Problem> {
    let platform = &app.platform;
    let owner = Some(caller.user_id());
    Ok(platform.vault.blind_index(&platform.db, "encrypted_storage.key", owner, key.as_str()).await?)
}

fn entry(app: &App, caller: &Caller, action: &'static str) -> AuditEntry {
    AuditEntry::by(caller, action, TABLE, app.platform.now())
}

fn field<'a>(column: &'a str, row: &'a str) -> Field<'a> {
    Field { table: TABLE, column, row }
}

/// What a row is called in a context and in the audit log: its index in hexadecimal.
fn row_name(index: &[u8]) -> String {
    index.iter().fold(String::with_capacity(2 * index.len()), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}
