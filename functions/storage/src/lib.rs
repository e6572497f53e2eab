//! The encrypted key-value store, files, the directory of operators, and the export of an account, which reads every table of one user.

mod app;
mod clamd;
mod domain;
mod handlers;
mod model;
pub mod reindex;
mod router;
mod store;

pub use app::App;
pub use domain::files::{Swept, sweep_files};
pub use domain::versions::sweep_versions;
pub use router::{openapi, router};
pub use store::export;
