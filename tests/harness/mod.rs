//! What the tests stand on: private servers, an application with a database of its own, a browser, an authenticator.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![expect(clippy::missing_panics_doc, reason = "a test that can't go on has failed")]

mod app;
mod authenticator;
mod browser;
mod clamd;
mod clock;
pub mod github;
pub mod iam;
mod kms;
mod log;
pub mod model;
mod proxy;
mod services;
pub mod sigv4;
mod sms_gateway;
mod smtp;
mod terminal;

pub use app::{METRICS_TOKEN, TestApp, product_routes};
pub use authenticator::{Authenticator, Credential};
pub use browser::{Answer, Browser};
pub use clock::TestClock;
pub use github::GitHub;
pub use kms::{FaultyKms, KmsFault};
pub use log::Log;
pub use proxy::{Proxy, Target};
pub use services::{Services, binary, own, tool, tool_of_node};
pub use sms_gateway::SmsGateway;
pub use smtp::{SmtpMode, SmtpServer};
pub use terminal::{CONTROL_C, Dialogue, at_a_terminal};
