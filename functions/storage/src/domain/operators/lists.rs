//! Lists of operators: from the cache where it has them, under the directory's generation.

use shared::Platform;
use shared::data::cache::Lookup;
use shared::http::Problem;
use shared::identity::Caller;
use shared::ledger::AuditEntry;
use shared::metrics::Counter;
use shared::vault::Field;

use super::sealed::{SYSTEM, email_index};
use crate::App;
use crate::domain::hexadecimal;
use crate::model::{Email, OperatorQuery, PageStart};
use crate::store::operator_lists::{self, Listed};

/// How long a change may go unseen in a list where the cache could not be told of it.
const LIST_SECONDS: i64 = 60;
/// Longer than any list and any read that could fill one: a word of the generation is not lost before what it makes old.
const GENERATION_SECONDS: i64 = 3_600;
const GENERATION: &str = "operators:generation";

/// A page of the list as it is answered, and the generation it is of.
pub(crate) struct ListPage {
    pub(crate) generation: i64,
    pub(crate) json: Vec<u8>,
}

/// A page of the list. From the cache it writes no audit row: see docs/adr/0009.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    query: &OperatorQuery,
    written: impl Fn(Vec<Listed>, Option<String>) -> Result<Vec<u8>, Problem>,
) -> Result<ListPage, Problem> {
    let platform = &app.platform;
    let key = list_key(platform, query).await?;
    let (hit, miss) = (Counter::OperatorsListHit, Counter::OperatorsListMiss);
    if let Ok(Some((generation, sealed))) =
        platform.cache.look_up(Lookup { generation: GENERATION, key: &key, hit, miss }).await
        // What does not open was not put there by Ward: the database knows better.
        && let Ok(json) = platform.vault.open_any(&platform.db, SYSTEM, &list_field(&list_row(&key, generation)), &sealed).await
    {
        return Ok(ListPage { generation, json: json.to_vec() });
    }
    let on = platform.db.scoped(AuditEntry::by(caller, "operator.list", "operator", platform.now()));
    let page = operator_lists::page(&on, query).await?;
    let last = page.operators.last().filter(|_| page.more);
    let next = last.map(|last| PageStart { key: last.sort_key.clone(), id: last.id }.text(query.sort));
    let json = written(page.operators, next)?;
    remember(platform, &key, page.generation, &json).await;
    Ok(ListPage { generation: page.generation, json })
}

/// The operators with a contact of that address, by name.
pub(crate) async fn search(app: &App, caller: &Caller, email: &Email) -> Result<Vec<Listed>, Problem> {
    let platform = &app.platform;
    let index = email_index(platform, email).await?;
    let on = platform.db.scoped(AuditEntry::by(caller, "operator.search", "operator", platform.now()));
    Ok(operator_lists::with_contact(&on, &index).await?)
}

/// What somebody looks for may name a person: the cache knows a list by a MAC.
async fn list_key(platform: &Platform, query: &OperatorQuery) -> Result<String, Problem> {
    let index = platform.vault.mac(&platform.db, "operators.list", None, &query.line()).await?;
    Ok(format!("operators:list:{}", hexadecimal(index.as_bytes())))
}

/// The generation is bound to the list, so that the cache can't give one the number of another.
fn list_row(key: &str, generation: i64) -> String {
    format!("{key} {generation}")
}

fn list_field(row: &str) -> Field<'_> {
    Field { table: "operators", column: "list", row }
}

/// Puts a list into the cache, and first the generation it was read of: a newer one that is there stays.
async fn remember(platform: &Platform, key: &str, generation: i64, json: &[u8]) {
    let put = async {
        let owner = platform.vault.owner_key(&platform.db, SYSTEM).await.ok()?;
        let sealed = owner.seal(&list_field(&list_row(key, generation)), json).ok()?;
        platform.cache.put_newer(GENERATION, generation, b"", GENERATION_SECONDS).await.ok()?;
        platform.cache.put_newer(key, generation, &sealed, LIST_SECONDS).await.ok()
    };
    if put.await.is_none() {
        tracing::debug!("a list of operators was not cached");
    }
}

/// After the commit: makes every list of before old. A cache that can't be told serves them for [`LIST_SECONDS`].
pub(super) async fn tell(platform: &Platform, generation: i64) {
    if let Err(error) = platform.cache.put_newer(GENERATION, generation, b"", GENERATION_SECONDS).await {
        tracing::debug!(%error, "the cache was not told of a change of the operators");
    }
}
