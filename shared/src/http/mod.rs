//! HTTP: the layers around every router, errors as problems, and JSON bodies.

mod conditional;
mod cookies;
mod cursor;
mod guard;
mod html;
mod json;
mod merge_patch;
mod problem;
mod serve;

pub use conditional::{EntityTags, entity_tag};
pub use cookies::{SetCookies, cookie_value};
pub use cursor::IdCursor;
#[cfg(feature = "fuzzing")]
pub(crate) use guard::bearer;
pub use guard::{CountedBy, SANDBOX, Surface, address_bucket, guarded, security_headers};
pub use html::escaped;
pub use json::{JsonBody, PathId, QueryParams, RawBody, parse_json};
pub use merge_patch::{Json, JsonError, Members, MergePatch, merge};
pub use problem::{Problem, ProblemBody};
pub use serve::{ServeError, serve, serve_streaming};
