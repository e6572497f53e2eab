//! HTTP: a file per resource.

pub(crate) mod today;
