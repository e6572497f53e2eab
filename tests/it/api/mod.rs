//! `/api`.

pub mod auth;
mod chats;
mod github;
mod storage;
mod usage;
