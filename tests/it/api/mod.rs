//! `/api`.

mod account;
pub mod auth;
mod chats;
pub mod files;
mod github;
mod github_refresh;
pub mod operators;
mod preferences;
mod storage;
mod usage;
pub mod users;
