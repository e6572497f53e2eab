//! What is written down about every access and every call to a model.

pub mod audit;
pub mod security;
pub mod usage;

pub use audit::{AuditEntry, SYSTEM_ACTOR};
pub use security::{SecurityEvent, Severity};
