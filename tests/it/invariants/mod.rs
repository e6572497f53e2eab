//! The invariants of ARCHITECTURE.md, tested.

mod audit;
mod audit_directory;
mod audit_files;
mod cache_loss;
mod lock_out;
mod marker;
mod marker_directory;
mod marker_files;
mod marker_storage;
mod marker_users;
mod round_trips;
mod row_level_security;
