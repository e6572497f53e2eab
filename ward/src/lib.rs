//! The `ward` command's parts, for the command itself, the tests and the benchmarks.

pub mod command;
pub mod dev;
mod env_file;
pub mod erasure;
mod fingerprint;
pub mod keys;
pub mod model;
pub mod openapi;
pub mod operator;
pub mod postgres;
pub mod product;
pub mod secrets;
pub mod token_key;
pub mod user;
