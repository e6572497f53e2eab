//! HTTP: the layers around every router, errors as problems, and JSON bodies.

mod cookies;
mod guard;
mod json;
mod problem;
mod serve;

pub use cookies::{SetCookies, cookie_value};
pub use guard::limits::check_sign_in;
pub use guard::{Surface, guarded, security_headers};
pub use json::{JsonBody, PathId, QueryParams};
pub use problem::{Problem, ProblemBody};
pub use serve::{ServeError, serve, serve_streaming};
