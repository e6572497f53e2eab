//! What the tests stand on: private servers, an application with a database of its own, a browser, an authenticator.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![expect(clippy::missing_panics_doc, reason = "a test that can't go on has failed")]

mod app;
mod authenticator;
mod browser;
mod clock;
pub mod model;
mod proxy;
mod services;

pub use app::{TestApp, product_routes};
pub use authenticator::Authenticator;
pub use browser::{Answer, Browser};
pub use clock::TestClock;
pub use proxy::{Proxy, Target};
pub use services::{Services, binary, tool};
