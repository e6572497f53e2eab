//! `/api`.

pub mod auth;
mod chats;
mod github;
mod github_refresh;
mod preferences;
mod storage;
mod usage;
mod users;
