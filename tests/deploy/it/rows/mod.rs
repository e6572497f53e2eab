//! The rows of the table, a file for each part of the system.

mod audit;
mod compute;
mod data;
mod edge;
mod keys;
mod network;
mod watch;

use crate::demand::Row;

/// All rows.
pub const ROWS: &[&[Row]] =
    &[audit::ROWS, compute::ROWS, data::ROWS, edge::ROWS, keys::ROWS, network::ROWS, watch::ROWS];
