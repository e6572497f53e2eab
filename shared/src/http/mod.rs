//! HTTP: the layers around every router, errors as problems, and JSON bodies.

mod cookies;
mod guard;
mod html;
mod json;
mod problem;
mod serve;

pub use cookies::{SetCookies, cookie_value};
pub use guard::{Surface, address_bucket, guarded, security_headers};
pub use html::escaped;
pub use json::{JsonBody, PathId, QueryParams};
pub use problem::{Problem, ProblemBody};
pub use serve::{ServeError, serve, serve_streaming};
