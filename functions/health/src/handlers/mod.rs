//! HTTP: a file per resource.

pub(crate) mod docs;
pub(crate) mod health;
pub(crate) mod metrics;
