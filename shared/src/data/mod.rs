//! Where data is kept: PostgreSQL, the truth, and the cache, which may vanish at any moment.

pub mod cache;
pub mod connect;
mod db;
mod error;
mod iam;
mod rate_counters;
pub mod sessions;
pub mod token_keys;

pub use cache::Cache;
pub use db::{Connection, Db, Params, Scoped, Statements, Transaction, Unscoped};
pub use error::DbError;
pub use iam::IamTokens;
pub use rate_counters::count as count_in_database;
