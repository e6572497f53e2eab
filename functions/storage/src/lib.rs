//! The encrypted key-value store.

mod app;
mod domain;
mod handlers;
mod model;
mod router;
mod store;

pub use app::App;
pub use router::{openapi, router};
