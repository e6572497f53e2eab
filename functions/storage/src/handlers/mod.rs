//! HTTP: a file per resource.

pub(crate) mod batch;
pub(crate) mod export;
pub(crate) mod file_content;
pub(crate) mod files;
pub(crate) mod keys;
pub(crate) mod operators;
pub(crate) mod uploads;
pub(crate) mod values;
pub(crate) mod versions;
