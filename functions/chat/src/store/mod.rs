//! The SQL of the tables `chat_sessions` and `chat_messages`.

pub(crate) mod chats;
pub(crate) mod messages;
