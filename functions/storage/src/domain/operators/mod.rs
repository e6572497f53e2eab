//! The directory of operators: shared by all who are signed in, written by administrators.

mod lists;
mod sealed;

use axum::http::StatusCode;
use jiff::Timestamp;
use shared::data::DbError;
use shared::http::{EntityTags, Json, Members, Problem, merge, parse_json};
use shared::identity::{Caller, Permission};
use shared::ledger::AuditEntry;
use uuid::Uuid;

pub(crate) use self::lists::{list, search};
pub(crate) use self::sealed::index_of_contact;
use crate::App;
use crate::model::OperatorDraft;
use crate::store::operators;

/// An operator nests three levels.
const DEEPEST: usize = 4;
/// How often a change without a condition is tried again over somebody else's.
const TRIES: usize = 20;

/// An operator, opened.
pub(crate) struct Operator {
    pub(crate) id: Uuid,
    pub(crate) version: i64,
    pub(crate) draft: OperatorDraft,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// One operator.
///
/// # Errors
/// 404.
pub(crate) async fn read(app: &App, caller: &Caller, id: Uuid) -> Result<Operator, Problem> {
    let platform = &app.platform;
    let on = platform.db.scoped(entry(app, caller, "operator.read", id));
    let stored = operators::find(&on, id).await?.ok_or_else(Problem::not_found)?;
    sealed::open(platform, stored).await
}

/// Stores a new operator.
///
/// # Errors
/// 403 `not_permitted`; 409 `name_taken` or `external_id_taken`.
pub(crate) async fn create(app: &App, caller: &Caller, draft: OperatorDraft) -> Result<Operator, Problem> {
    caller.require(Permission::OperatorsWrite)?;
    let platform = &app.platform;
    let id = platform.new_id()?;
    let new = sealed::writing(platform, id, &draft).await?;
    let on = platform.db.scoped(entry(app, caller, "operator.create", id));
    let generation = operators::insert(&on, &new).await.map_err(|error| refused(&error))?.ok_or_else(not_permitted)?;
    lists::tell(platform, generation).await;
    Ok(Operator { id, version: 1, draft, created_at: new.at, updated_at: new.at })
}

/// How an operator changes.
pub(crate) enum Change {
    /// All of it.
    Replace(Box<OperatorDraft>),
    /// What is named (RFC 7396).
    Patch(Members),
}

/// Changes an operator: with a condition on the version only where it holds; without one, on top of whatever is there.
///
/// Two round trips and not one: a patch is put on what is there, and no key is fetched while a connection is held.
///
/// # Errors
/// 403 `not_permitted`; 404; 412 `version_mismatch`; 409 `name_taken` or `external_id_taken`; 400 or 422 of what would
/// be no operator.
pub(crate) async fn change(
    app: &App,
    caller: &Caller,
    id: Uuid,
    change: Change,
    condition: Option<&EntityTags>,
) -> Result<Operator, Problem> {
    caller.require(Permission::OperatorsWrite)?;
    let platform = &app.platform;
    for _ in 0..TRIES {
        let before = read(app, caller, id).await?;
        check(before.version, condition)?;
        let draft = match &change {
            Change::Replace(draft) => draft.as_ref().clone(),
            Change::Patch(patch) => patched(&before.draft, patch.clone())?,
        };
        let new = sealed::writing(platform, id, &draft).await?;
        let on = platform.db.scoped(entry(app, caller, "operator.update", id));
        let changed = operators::replace(&on, &new, before.version).await.map_err(|error| refused(&error))?;
        let (generation, is_done) = changed.ok_or_else(not_permitted)?;
        if is_done {
            lists::tell(platform, generation).await;
            let (version, created_at) = (before.version + 1, before.created_at);
            return Ok(Operator { id, version, draft, created_at, updated_at: new.at });
        }
    }
    Err(Problem::unavailable())
}

/// Forgets an operator; with a condition only where it is still of that version.
///
/// # Errors
/// 403 `not_permitted`; 404; 412 `version_mismatch`.
pub(crate) async fn delete(
    app: &App,
    caller: &Caller,
    id: Uuid,
    condition: Option<&EntityTags>,
) -> Result<(), Problem> {
    caller.require(Permission::OperatorsWrite)?;
    let platform = &app.platform;
    for _ in 0..TRIES {
        let on = platform.db.scoped(entry(app, caller, "operator.read", id));
        let before = operators::find(&on, id).await?.ok_or_else(Problem::not_found)?;
        check(before.version, condition)?;
        let on = platform.db.scoped(entry(app, caller, "operator.delete", id));
        let (generation, is_done) = operators::delete(&on, id, before.version).await?.ok_or_else(not_permitted)?;
        if is_done {
            lists::tell(platform, generation).await;
            return Ok(());
        }
    }
    Err(Problem::unavailable())
}

fn check(version: i64, condition: Option<&EntityTags>) -> Result<(), Problem> {
    if condition.is_none_or(|tags| tags.match_strongly(version)) {
        return Ok(());
    }
    let title = "The operator has changed since it was read";
    Err(Problem::new(StatusCode::PRECONDITION_FAILED, "version_mismatch", title)
        .detail("Read it again, and repeat the change with the new ETag."))
}

fn patched(before: &OperatorDraft, patch: Members) -> Result<OperatorDraft, Problem> {
    let no_json = || Problem::internal("an operator has no JSON form");
    let text = serde_json::to_vec(before).map_err(|_| no_json())?;
    let Ok(Json::Object(mut members)) = Json::parse(&text, DEEPEST) else { return Err(no_json()) };
    merge(&mut members, patch);
    parse_json::<OperatorDraft>(&serde_json::to_vec(&members).map_err(|_| no_json())?)?.checked()
}

/// What the database refuses: a name there is already, or somebody whose role was taken back meanwhile.
fn refused(error: &DbError) -> Problem {
    let taken = |code, title| Problem::new(StatusCode::CONFLICT, code, title);
    if error.violates(operators::NAME_TAKEN) {
        return taken("name_taken", "Another operator has this name")
            .detail("Names that differ in case, accents or spaces only are the same.");
    }
    if error.violates(operators::EXTERNAL_ID_TAKEN) {
        return taken("external_id_taken", "Another operator has this external_id");
    }
    error.clone().into()
}

fn not_permitted() -> Problem {
    Problem::forbidden("not_permitted", "You are no administrator any more")
}

fn entry(app: &App, caller: &Caller, action: &'static str, id: Uuid) -> AuditEntry {
    AuditEntry::by(caller, action, "operator", app.platform.now()).resource(id)
}
