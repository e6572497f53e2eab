use jiff::Timestamp;
use shared::data::{DbError, Statements};
use shared::vault::BlindIndex;
use shared::vault::reindex::IndexStatements;
use tokio_postgres::Row;
use uuid::Uuid;

/// Most chats one answer lists.
const PAGE: i64 = 200;

/// A chat as it is stored: sealed.
pub(crate) struct SealedChat {
    pub(crate) id: Uuid,
    pub(crate) title: Vec<u8>,
    pub(crate) patient_id: Option<Vec<u8>>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl From<&Row> for SealedChat {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get(0),
            title: row.get(1),
            patient_id: row.get(2),
            created_at: row.get(3),
            updated_at: row.get(4),
        }
    }
}

pub(crate) async fn insert(
    on: &impl Statements,
    user_id: Uuid,
    chat: &SealedChat,
    patient: Option<&BlindIndex>,
) -> Result<(), DbError> {
    on.query(
        "INSERT INTO chat_sessions (id, user_id, title, patient_id, patient_index, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)",
        &[&chat.id, &user_id, &chat.title, &chat.patient_id, &patient.map(BlindIndex::as_bytes), &chat.created_at],
    )
    .await
    .map(drop)
}

/// The user's chats, the last used first.
pub(crate) async fn list(on: &impl Statements) -> Result<Vec<SealedChat>, DbError> {
    let rows = on
        .query(
            "SELECT id, title, patient_id, created_at, updated_at FROM chat_sessions
             ORDER BY updated_at DESC, id DESC LIMIT $1",
            &[&PAGE],
        )
        .await?;
    Ok(rows.iter().map(SealedChat::from).collect())
}

/// The user's chats about one patient.
pub(crate) async fn about(on: &impl Statements, patient: &BlindIndex) -> Result<Vec<SealedChat>, DbError> {
    let rows = on
        .query(
            "SELECT id, title, patient_id, created_at, updated_at FROM chat_sessions
             WHERE patient_index = ANY ($1) ORDER BY updated_at DESC, id DESC LIMIT $2",
            &[&patient.candidates(), &PAGE],
        )
        .await?;
    Ok(rows.iter().map(SealedChat::from).collect())
}

/// The blind indexes of patients, for when they are made anew.
pub(crate) const PATIENTS: IndexStatements = IndexStatements {
    table: "chat_sessions",
    count: "SELECT count(*) FROM chat_sessions WHERE get_byte(patient_index, 0) <> $1",
    page: "SELECT id, user_id, 'patient', patient_index, patient_id FROM chat_sessions
        WHERE get_byte(patient_index, 0) <> $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3",
    replace: "UPDATE chat_sessions SET patient_index = $3 WHERE id = $1 AND patient_index = $2",
};

pub(crate) async fn find(on: &impl Statements, id: Uuid) -> Result<Option<SealedChat>, DbError> {
    let rows = on
        .query("SELECT id, title, patient_id, created_at, updated_at FROM chat_sessions WHERE id = $1", &[&id])
        .await?;
    Ok(rows.first().map(SealedChat::from))
}
