//! Erasing a user at the operator's word.

use maintenance::App;
use shared::Platform;
use shared::data::Db;
use shared::identity::RequestMeta;
use shared::ledger::AuditEntry;
use shared::objects::Objects;
use shared::vault::erasure::Tombstone;

use crate::command::CommandError;

/// The object store of the settings, where there is one.
pub fn objects(platform: &Platform) -> Option<Objects> {
    let store = platform.settings.files.store.as_ref();
    store.map(|store| Objects::new(store, platform.clock.clone()))
}

/// Erases a user, with an audit row. `db` is a login that may act as the tables' owner. Whether there was such a user.
pub async fn erase(platform: &Platform, db: &Db, tombstone: Tombstone) -> Result<bool, CommandError> {
    let id = platform.new_id().map_err(|error| CommandError::Refused(error.into()))?;
    let (request, user) = (RequestMeta { id, address: None }, tombstone.subject);
    let entry = AuditEntry::by_operator(user, request, "account.erase", "users", platform.now()).resource(user);
    Ok(maintenance::erase(platform, objects(platform).as_ref(), db, entry, tombstone).await?)
}

/// Does what is done on a schedule, once.
pub async fn maintain(platform: Platform) -> Result<(), CommandError> {
    let report = maintenance::run(&App::new(&platform)?).await?;
    println!("{}", serde_json::json!(report));
    match report.failed {
        0 => Ok(()),
        failed => Err(CommandError::Unfit(format!("{failed} could not be done: the log says why; they come again"))),
    }
}
