//! Whether the parts answer, what was counted, and the description of the API: the smallest example of a function.

mod app;
mod checks;
mod docs;
mod handlers;
mod router;

pub use app::App;
pub use router::{openapi, router};
