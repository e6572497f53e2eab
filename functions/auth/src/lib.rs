//! Sign-in: passkeys, passwords, GitHub, second factors, sessions, tokens, the signed-in user; users and their
//! preferences.

pub mod admin;
mod app;
pub mod delivery;
mod domain;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod github;
mod handlers;
mod model;
pub mod password;
mod router;
mod store;
pub mod tokens;

pub use app::App;
pub use router::{openapi, router};
