//! Sign-in: passkeys, sessions, the signed-in user.

mod app;
mod domain;
mod handlers;
mod model;
mod router;
mod store;

pub use app::App;
pub use router::{openapi, router};
