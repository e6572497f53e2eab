//! The vault on real servers.

pub mod kms;
