//! The guard: what every request passes before a handler, and every answer on its way out.
//!
//! From the outside in: panics become problems, the request gets its id, the answer its security headers; CORS;
//! the body limit; one cache round trip for session and rate limit; CSRF; completion of what changes something.

mod address;
mod admit;
mod completion;
mod cors;
mod credential;
mod csrf;
mod headers;
mod identify;
pub(super) mod limits;
mod trace;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;

pub use address::bucket as address_bucket;
#[cfg(feature = "fuzzing")]
pub(crate) use credential::bearer;
pub use headers::{SANDBOX, security_headers};

use super::Problem;
use crate::Platform;
use crate::identity::Area;

/// Whom a request is counted against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountedBy {
    /// Who calls: a session's user, an API key, or else the address.
    Caller,
    /// The address, whoever calls. For what needs no session: otherwise each account would allow as much again.
    Address,
    /// The session. For what a user needs to end the others: whoever holds one of them could use up the user's count.
    Session,
}

/// What the guard does with a function's requests.
#[derive(Clone, Copy, Debug)]
pub struct Surface {
    /// Most bytes of a request's body.
    pub body_limit: usize,
    /// Whether requests are identified and counted. Only health checks are not.
    pub counted: bool,
    /// Whom the requests of a method and path are counted against.
    pub counted_by: fn(&Method, &str) -> CountedBy,
    /// Which area of the API a path belongs to, for the scopes of API keys; `None` where no key may go.
    pub area: fn(&str) -> Option<Area>,
}

impl Surface {
    /// Counted by caller, with bodies up to `body_limit` bytes, closed to API keys.
    pub const fn with_body_limit(body_limit: usize) -> Self {
        Self { body_limit, counted: true, counted_by: |_, _| CountedBy::Caller, area: |_| None }
    }

    /// The same, with requests counted as `counted_by` says.
    #[must_use]
    pub const fn counted_by(self, counted_by: fn(&Method, &str) -> CountedBy) -> Self {
        Self { counted_by, ..self }
    }

    /// The same, open to the API keys that have a scope of the area.
    #[must_use]
    pub const fn in_area(self, area: fn(&str) -> Option<Area>) -> Self {
        Self { area, ..self }
    }
}

/// Puts the guard around a router.
pub fn guarded(router: Router, platform: &Platform, surface: Surface) -> Router {
    let router = router
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(from_fn(completion::carry_through));
    let counted = if surface.counted {
        router
            .layer(from_fn_with_state(platform.clone(), csrf::check))
            .layer(from_fn_with_state((platform.clone(), surface), admit::admit))
    } else {
        router
    };
    counted
        .layer(DefaultBodyLimit::max(surface.body_limit))
        .layer(from_fn_with_state(platform.clone(), cors::cors))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            axum::response::IntoResponse::into_response(Problem::internal("a handler panicked"))
        }))
        .layer(from_fn(security_headers))
        .layer(from_fn_with_state(platform.clone(), trace::trace))
}
