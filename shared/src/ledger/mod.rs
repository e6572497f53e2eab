//! What is written down about every access and every call to a model.

pub mod audit;
pub mod usage;

pub use audit::AuditEntry;
