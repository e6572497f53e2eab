//! Why `ward dev` does not run.

use std::io;
use std::path::PathBuf;

use shared::StartError;

use crate::postgres::ClusterError;

/// Why `ward dev` ended. The message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DevError {
    /// Another process runs on the data folder.
    #[error("ward dev already runs on {}{}.\nStop it, or run a second one with --data-dir and --port.", folder.display(), by(*.pid))]
    Busy {
        /// The data folder.
        folder: PathBuf,
        /// The other process, if it has said.
        pid: Option<u32>,
    },
    /// The data folder holds what ward dev did not put there.
    #[error("{} has other things in it: ward dev wants a folder of its own.\nChoose another with --data-dir.", .0.display())]
    Foreign(PathBuf),
    /// Something else listens on the port.
    #[error("port {port} is in use.\nStop what listens there, or choose another: --port {}", port.wrapping_add(1))]
    PortInUse {
        /// The port.
        port: u16,
    },
    /// The port can't be listened on for another reason.
    #[error("can't listen on port {port}: {source}")]
    Port {
        /// The port.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// A file or folder refused.
    #[error("could not {action} {}: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The refusal.
        source: io::Error,
    },
    /// PostgreSQL does not run.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The schema could not be brought up to date.
    #[error(transparent)]
    Migrate(#[from] migrate::MigrateError),
    /// The development key can't be made or read.
    #[error(transparent)]
    Key(#[from] shared::vault::KeyFileError),
    /// The development token keys can't be made or read.
    #[error(transparent)]
    TokenKeys(#[from] crate::token_key::TokenKeyError),
    /// A setting is wrong, or a function does not start with it.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The system refused something that is not a file.
    #[error("could not {0}: {1}")]
    System(&'static str, #[source] io::Error),
}

impl DevError {
    pub(super) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { action, path: path.into(), source }
    }
}

fn by(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}
