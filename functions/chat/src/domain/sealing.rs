//! Sealing and opening the fields of chats and messages.

use shared::Platform;
use shared::http::Problem;
use shared::vault::{Field, OwnerKey};
use uuid::Uuid;

use crate::model::{Chat, Message};
use crate::store::chats::SealedChat;
use crate::store::messages::SealedMessage;

/// A column that holds sealed text.
#[derive(Clone, Copy)]
pub(super) enum Column {
    Title,
    PatientId,
    Content,
}

impl Column {
    fn field(self, row: &str) -> Field<'_> {
        let (table, column) = match self {
            Self::Title => ("chat_sessions", "title"),
            Self::PatientId => ("chat_sessions", "patient_id"),
            Self::Content => ("chat_messages", "content"),
        };
        Field { table, column, row }
    }
}

pub(super) fn seal(key: &OwnerKey, column: Column, row: Uuid, text: &str) -> Result<Vec<u8>, Problem> {
    Ok(key.seal(&column.field(&row.to_string()), text.as_bytes())?)
}

/// A message in the form it is stored in.
pub(super) fn seal_message(key: &OwnerKey, message: &Message) -> Result<SealedMessage, Problem> {
    Ok(SealedMessage {
        id: message.id,
        role: message.role,
        content: seal(key, Column::Content, message.id, &message.content)?,
        created_at: message.created_at,
        usage: None,
    })
}

async fn open(platform: &Platform, owner: Uuid, column: Column, row: Uuid, sealed: &[u8]) -> Result<String, Problem> {
    let text = platform.vault.open_any(&platform.db, owner, &column.field(&row.to_string()), sealed).await?;
    String::from_utf8(text.to_vec()).map_err(|_| Problem::internal("a sealed text is not UTF-8"))
}

/// Opens the patient id of the chat `id`.
pub(crate) async fn open_patient_id(
    platform: &Platform,
    owner: Uuid,
    id: Uuid,
    sealed: &[u8],
) -> Result<String, Problem> {
    open(platform, owner, Column::PatientId, id, sealed).await
}

pub(super) async fn open_chat(platform: &Platform, owner: Uuid, chat: SealedChat) -> Result<Chat, Problem> {
    let patient_id = match &chat.patient_id {
        Some(sealed) => Some(open(platform, owner, Column::PatientId, chat.id, sealed).await?),
        None => None,
    };
    Ok(Chat {
        id: chat.id,
        title: open(platform, owner, Column::Title, chat.id, &chat.title).await?,
        patient_id,
        created_at: chat.created_at,
        updated_at: chat.updated_at,
    })
}

pub(super) async fn open_messages(
    platform: &Platform,
    owner: Uuid,
    sealed: Vec<SealedMessage>,
) -> Result<Vec<Message>, Problem> {
    let mut messages = Vec::with_capacity(sealed.len());
    for message in sealed {
        let content = open(platform, owner, Column::Content, message.id, &message.content).await?;
        messages.push(Message {
            id: message.id,
            role: message.role,
            content,
            created_at: message.created_at,
            usage: message.usage,
        });
    }
    Ok(messages)
}
