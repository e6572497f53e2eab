//! Sealing, opening and deciding around the store.

pub(crate) mod batch;
pub(crate) mod export;
pub(crate) mod files;
pub(crate) mod keys;
pub(crate) mod operators;
mod outcome;
pub(crate) mod place;
pub(crate) mod places;
pub(crate) mod values;
pub(crate) mod versions;

use std::fmt::Write;

/// Bytes in lower-case hexadecimal, as they stand in names.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}
