//! What template.yaml and infra/ make of an environment, evaluated as CloudFormation would, without AWS.
//!
//! [`Templates::get`] reads what the SAM transform makes of template.yaml, [`Environment::evaluate`] the stacks of one
//! environment of samconfig.toml: every condition decided, every reference followed into the nested stacks and out of
//! them. What only AWS knows, an id it draws, stays a token such as `${Network/Vpc}`.

#![expect(clippy::expect_used, reason = "a test that can't go on has failed")]
#![expect(clippy::missing_panics_doc, reason = "a test that can't go on has failed")]

mod environment;
mod evaluate;
mod exceptions;
mod functions;
mod path;
mod policy;
mod references;
mod stack;
mod template;

pub use environment::Environment;
pub use evaluate::text;
pub use exceptions::{Exception, Exceptions};
pub use functions::{Function, Route, reached, takes};
pub use path::find;
pub use policy::{Effect, Statement, statements};
pub use references::{References, references};
pub use stack::{Resource, Stack};
pub use template::{Template, Templates, root, source};
