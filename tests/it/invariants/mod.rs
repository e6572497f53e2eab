//! The invariants of ARCHITECTURE.md, tested.

mod audit;
mod cache_loss;
mod marker;
mod round_trips;
mod row_level_security;
