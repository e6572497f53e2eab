//! One binary for all tests that need servers. Folders mirror URLs.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod access_page;
mod account_page;
mod api;
mod aws_login;
mod compose;
mod coverage;
mod delivery;
mod dev;
mod durability;
mod guard;
mod health;
mod invariants;
mod lambda;
mod maintenance;
mod openapi;
mod secrets_command;
mod security_page;
mod settings_page;
mod user_command;
mod vault;
mod workflows;
