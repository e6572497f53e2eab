//! The SQL, a file per table.

pub mod export;
pub(crate) mod file_objects;
pub(crate) mod files;
pub(crate) mod names;
pub(crate) mod operator_lists;
pub(crate) mod operators;
pub(crate) mod places;
pub(crate) mod values;
pub(crate) mod versions;
