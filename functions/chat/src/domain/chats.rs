//! Opening, listing and finding chats.

use shared::Platform;
use shared::http::Problem;
use shared::identity::Caller;
use shared::ledger::AuditEntry;
use shared::vault::BlindIndex;
use uuid::Uuid;

use super::sealing::{Column, open_chat, open_messages, seal};
use crate::App;
use crate::model::{Chat, Message, PatientId, Title};
use crate::store::chats::{self, SealedChat};
use crate::store::messages;

/// How many of a chat's newest messages are shown.
const SHOWN: i64 = 1_000;

/// Opens an empty chat.
pub(crate) async fn create(
    app: &App,
    caller: &Caller,
    title: &Title,
    patient_id: Option<&PatientId>,
) -> Result<Chat, Problem> {
    let platform = &app.platform;
    let (id, now) = (platform.new_id()?, platform.now());
    let key = platform.vault.owner_key(&platform.db, caller.user_id()).await?;
    let patient_index = match patient_id {
        Some(patient_id) => Some(index(&app.platform, caller.user_id(), patient_id.as_str()).await?),
        None => None,
    };
    let sealed = SealedChat {
        id,
        title: seal(&key, Column::Title, id, title.as_str())?,
        patient_id: patient_id.map(|patient| seal(&key, Column::PatientId, id, patient.as_str())).transpose()?,
        created_at: now,
        updated_at: now,
    };
    let scope = platform.db.scoped(entry(app, caller, "chat.create").resource(id));
    chats::insert(&scope, caller.user_id(), &sealed, patient_index.as_ref()).await?;
    Ok(Chat {
        id,
        title: title.as_str().to_owned(),
        patient_id: patient_id.map(|patient| patient.as_str().to_owned()),
        created_at: now,
        updated_at: now,
    })
}

/// The caller's chats, the last used first.
pub(crate) async fn list(app: &App, caller: &Caller) -> Result<Vec<Chat>, Problem> {
    let sealed = chats::list(&app.platform.db.scoped(entry(app, caller, "chat.list"))).await?;
    open_all(app, caller, sealed).await
}

/// The caller's chats about one patient.
pub(crate) async fn search(app: &App, caller: &Caller, patient_id: &PatientId) -> Result<Vec<Chat>, Problem> {
    let index = index(&app.platform, caller.user_id(), patient_id.as_str()).await?;
    let sealed = chats::about(&app.platform.db.scoped(entry(app, caller, "chat.search")), &index).await?;
    open_all(app, caller, sealed).await
}

/// A chat with its messages.
pub(crate) async fn read(app: &App, caller: &Caller, id: Uuid) -> Result<(Chat, Vec<Message>), Problem> {
    let platform = &app.platform;
    let scope = platform.db.scoped(entry(app, caller, "chat.read").resource(id));
    let chat = chats::find(&scope, id).await?.ok_or_else(Problem::not_found)?;
    let scope = platform.db.scoped(entry(app, caller, "chat.messages.read").resource(id));
    let sealed = messages::of_chat(&scope, id, SHOWN).await?.unwrap_or_default();
    let chat = open_chat(platform, caller.user_id(), chat).await?;
    Ok((chat, open_messages(platform, caller.user_id(), sealed).await?))
}

async fn open_all(app: &App, caller: &Caller, sealed: Vec<SealedChat>) -> Result<Vec<Chat>, Problem> {
    let mut chats = Vec::with_capacity(sealed.len());
    for chat in sealed {
        chats.push(open_chat(&app.platform, caller.user_id(), chat).await?);
    }
    Ok(chats)
}

/// What a patient's chats are found by.
pub(crate) async fn index(platform: &Platform, owner: Uuid, patient_id: &str) -> Result<BlindIndex, Problem> {
    Ok(platform.vault.blind_index(&platform.db, "chat_sessions.patient_id", Some(owner), patient_id).await?)
}

fn entry(app: &App, caller: &Caller, action: &'static str) -> AuditEntry {
    AuditEntry::by(caller, action, "chat_sessions", app.platform.now())
}
