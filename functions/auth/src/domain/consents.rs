//! Consents: given to one version of a text, withdrawn at any time, and never forgotten that they were.

use shared::http::{IdCursor, Problem};
use shared::identity::Caller;
use shared::ledger::AuditEntry;
use uuid::Uuid;

use super::step_up;
use crate::App;
use crate::model::{ConsentText, Purpose, too_many_purposes};
use crate::store::consents::{self, Consent};

/// Purposes one user may have decided about.
const MOST_PURPOSES: i64 = 50;

/// What holds now, and a page of how it came about.
pub(crate) struct Overview {
    /// By purpose.
    pub(crate) current: Vec<Consent>,
    /// The newest first.
    pub(crate) history: Vec<Consent>,
    /// Where the next page of the history begins.
    pub(crate) next: Option<IdCursor>,
}

/// The caller's consents.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    behind: Option<IdCursor>,
    limit: i64,
) -> Result<Overview, Problem> {
    let platform = &app.platform;
    let on = platform.db.scoped(AuditEntry::by(caller, "consent.list", "consent", platform.now()));
    let behind = behind.map(IdCursor::id);
    let (current, mut history) = consents::overview(&on, caller.user_id(), behind, limit).await?;
    let wanted = usize::try_from(limit).unwrap_or_default();
    let more = history.len() > wanted;
    history.truncate(wanted);
    let next = history.last().filter(|_| more).map(|last| IdCursor::behind(last.id));
    Ok(Overview { current, history, next })
}

/// Gives a consent. One that holds already, to the same text, is answered as it is.
///
/// # Errors
/// 409 `too_many_purposes`.
pub(crate) async fn give(app: &App, caller: &Caller, purpose: &Purpose, text: ConsentText) -> Result<Consent, Problem> {
    let (platform, user_id) = (&app.platform, caller.user_id());
    let entry = AuditEntry::by(caller, "consent.give", "consent", platform.now()).resource(purpose.as_str());
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    // Two that are sent at once come one after the other, and the second changes nothing.
    step_up::still_here(app, &transaction, caller).await?;
    match consents::latest(&transaction, user_id, purpose.as_str()).await? {
        Some(known) if known.given && is_of(&known, &text) => {
            transaction.commit().await?;
            return Ok(known);
        }
        None if consents::purposes(&transaction, user_id).await? >= MOST_PURPOSES => return Err(too_many_purposes()),
        _ => {}
    }
    let consent = Consent {
        id: platform.new_id()?,
        purpose: purpose.as_str().to_owned(),
        version: text.version,
        text_hash: text.hash.to_vec(),
        locale: text.locale,
        given: true,
        request_id: caller.request.id,
        at: platform.now(),
    };
    consents::insert(&transaction, user_id, caller.session().id, &consent).await?;
    transaction.commit().await?;
    Ok(consent)
}

fn is_of(known: &Consent, text: &ConsentText) -> bool {
    known.version == text.version && known.text_hash == text.hash && known.locale == text.locale
}

/// Withdraws a consent; one that was withdrawn already is answered as it is.
///
/// # Errors
/// 404 where none was ever given.
pub(crate) async fn withdraw(app: &App, caller: &Caller, purpose: &Purpose) -> Result<Consent, Problem> {
    let (platform, user_id) = (&app.platform, caller.user_id());
    let entry = AuditEntry::by(caller, "consent.withdraw", "consent", platform.now()).resource(purpose.as_str());
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    step_up::still_here(app, &transaction, caller).await?;
    let known = consents::latest(&transaction, user_id, purpose.as_str()).await?.ok_or_else(Problem::not_found)?;
    if !known.given {
        transaction.commit().await?;
        return Ok(known);
    }
    let (id, at): (Uuid, _) = (platform.new_id()?, platform.now());
    let consent = Consent { id, given: false, request_id: caller.request.id, at, ..known };
    consents::insert(&transaction, user_id, caller.session().id, &consent).await?;
    transaction.commit().await?;
    Ok(consent)
}
