//! Chats whose messages are sealed, and the model that answers them.

mod app;
mod domain;
mod handlers;
mod model;
pub mod reindex;
mod router;
mod store;
mod upstream;

pub use app::App;
pub use router::{openapi, router};
