use jiff::Timestamp;
use shared::data::{DbError, Statements};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::model::{AnswerUsage, Speaker};

/// A message as it is stored: sealed.
pub(crate) struct SealedMessage {
    pub(crate) id: Uuid,
    pub(crate) role: Speaker,
    pub(crate) content: Vec<u8>,
    pub(crate) created_at: Timestamp,
    /// Read from the ledger of usage, never written here.
    pub(crate) usage: Option<AnswerUsage>,
}

/// Stores a message and moves its chat to the front; `false` where the user has no such chat.
pub(crate) async fn insert(
    on: &impl Statements,
    user_id: Uuid,
    chat_id: Uuid,
    message: &SealedMessage,
) -> Result<bool, DbError> {
    let rows = on
        .query(
            "WITH chat AS (UPDATE chat_sessions SET updated_at = $6::timestamptz WHERE id = $2 RETURNING id)
             INSERT INTO chat_messages (id, session_id, user_id, role, content, created_at)
             SELECT $1::uuid, chat.id, $3::uuid, $4::text, $5::bytea, $6::timestamptz FROM chat RETURNING id",
            &[&message.id, &chat_id, &user_id, &message.role.name(), &message.content, &message.created_at],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// A chat's newest messages, `limit` at most, oldest first; `None` where the user has no such chat.
pub(crate) async fn of_chat(
    on: &impl Statements,
    chat_id: Uuid,
    limit: i64,
) -> Result<Option<Vec<SealedMessage>>, DbError> {
    let rows = on
        .query(
            "SELECT message.id, message.role, message.content, message.created_at,
                 call.model, call.prompt_tokens, call.completion_tokens, call.cost_nano_dollars
             FROM chat_sessions AS chat LEFT JOIN LATERAL (
                 SELECT id, role, content, created_at FROM chat_messages
                 WHERE session_id = chat.id ORDER BY id DESC LIMIT $2
             ) AS message ON true
             LEFT JOIN usage_calls AS call ON call.id = message.id AND call.state = 'settled'
             WHERE chat.id = $1 ORDER BY message.id",
            &[&chat_id, &limit],
        )
        .await?;
    if rows.is_empty() {
        return Ok(None);
    }
    // A chat without a message is one row of nothing.
    rows.iter().filter(|row| row.get::<_, Option<Uuid>>(0).is_some()).map(message).collect::<Result<_, _>>().map(Some)
}

fn message(row: &Row) -> Result<SealedMessage, DbError> {
    Ok(SealedMessage {
        id: row.get(0),
        role: Speaker::parse(row.get(1)).ok_or(DbError::Column("role"))?,
        content: row.get(2),
        created_at: row.get(3),
        usage: row.get::<_, Option<String>>(4).map(|model| usage(row, model)),
    })
}

fn usage(row: &Row, model: String) -> AnswerUsage {
    let count = |column| row.get::<_, Option<i64>>(column).unwrap_or_default().unsigned_abs();
    let (prompt_tokens, completion_tokens) = (count(5), count(6));
    AnswerUsage {
        model,
        prompt_tokens,
        completion_tokens,
        total_tokens: prompt_tokens + completion_tokens,
        cost_nano_dollars: count(7),
    }
}
