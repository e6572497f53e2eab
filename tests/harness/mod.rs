//! What the tests stand on: private servers, an application with a database of its own, a browser, an authenticator.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![expect(clippy::missing_panics_doc, reason = "a test that can't go on has failed")]

mod app;
mod authenticator;
mod browser;
mod clamd;
mod clock;
pub mod github;
mod kms;
mod log;
pub mod model;
mod proxy;
mod services;
mod sms_gateway;
mod smtp;

pub use app::{METRICS_TOKEN, TestApp, product_routes};
pub use authenticator::{Authenticator, Credential};
pub use browser::{Answer, Browser};
pub use clock::TestClock;
pub use github::GitHub;
pub use kms::{FaultyKms, KmsFault};
pub use log::Log;
pub use proxy::{Proxy, Target};
pub use services::{Services, binary, tool, tool_of_node};
pub use sms_gateway::SmsGateway;
pub use smtp::{SmtpMode, SmtpServer};
