//! `/api`.

mod auth;
mod chats;
mod storage;
mod usage;
