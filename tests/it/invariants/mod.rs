//! The invariants of ARCHITECTURE.md, tested.

mod audit;
mod cache_loss;
mod lock_out;
mod marker;
mod marker_users;
mod round_trips;
mod row_level_security;
