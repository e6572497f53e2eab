//! Usage: what was used today and what is left.

mod app;
mod handlers;
mod router;

pub use app::App;
pub use router::{openapi, router};
