//! `cargo xtask setup`: what the tests need, found or installed, a line for each part.

mod npm;
mod python;
mod system;

use crate::run::Result;

pub use system::Part;

/// Makes sure of everything `cargo xtask test` uses.
pub fn all() -> Result {
    system::ensure(&[
        Part::Compiler,
        Part::Node,
        Part::Postgres,
        Part::Redis,
        Part::Chromium,
        Part::Oathtool,
        Part::Clamd,
        Part::Openssl,
    ])?;
    for_deployment()?;
    npm::ensure("web")?;
    npm::ensure("tests/browser")?;
    npm::ensure("tests/node")
}

/// The private servers: PostgreSQL and Redis.
pub fn servers() -> Result {
    system::ensure(&[Part::Compiler, Part::Postgres, Part::Redis])
}

/// What functions are built with: cargo-lambda and zig.
pub fn lambda_tools() -> Result {
    system::ensure(&[Part::Compiler])?;
    python::ensure()
}

/// The tools that judge the templates.
pub fn for_deployment() -> Result {
    system::ensure(&[Part::Node])?;
    python::ensure()?;
    npm::ensure("tests/guard")
}

/// The npm packages of the page.
pub fn web_packages() -> Result {
    system::ensure(&[Part::Node])?;
    npm::ensure("web")
}

/// The Chromium that was found or installed.
pub fn chromium() -> Option<String> {
    Part::Chromium.found()
}

fn say(part: &str, what: &str) {
    println!("setup: {part:<16} {what}");
}
