//! The vault on real servers.

mod command;
mod erasure;
mod esdk;
mod faults;
pub mod kms;
mod reindex;
mod reindex_storage;
mod rotation;
