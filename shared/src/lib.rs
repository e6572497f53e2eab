//! What every Ward function shares: configuration, HTTP, identity, data, the vault, the ledger and telemetry.
//!
//! `shared` imports no function. Only [`config`] reads the environment; only [`data`] opens connections.

#[cfg(feature = "aws")]
pub mod aws;
pub mod clock;
pub mod config;
pub mod data;
pub mod described;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod http;
pub mod identity;
pub mod ledger;
pub mod metrics;
#[cfg(feature = "objects")]
pub mod objects;
mod platform;
pub mod telemetry;
pub mod tls;
pub mod vault;

pub use platform::{Platform, StartError, keyring};
