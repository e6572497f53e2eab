//! HTTP: a file per resource.

pub(crate) mod chats;
pub(crate) mod messages;
