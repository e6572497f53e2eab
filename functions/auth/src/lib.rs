//! Sign-in: passkeys, passwords, GitHub, second factors, sessions, tokens, the signed-in user and the account; users and
//! their preferences.

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
pub mod reindex;
mod router;
mod store;
pub mod tokens;

pub use app::App;
pub use router::{openapi, router};
