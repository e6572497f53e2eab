//! Why a cluster does not run.

use std::io;
use std::path::PathBuf;

/// Why a cluster could not be started or asked. The message says what to do where there is something to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// Neither the machine nor npm has a server that fits.
    #[error(
        "no PostgreSQL {wanted} was found, and npm could not bring one ({npm}).\nInstall it, for instance with: {command}"
    )]
    Missing {
        /// The versions that would do.
        wanted: String,
        /// What came of asking npm.
        npm: String,
        /// A command that installs one.
        command: String,
    },
    /// Another live process runs this cluster.
    #[error("another process runs the PostgreSQL cluster in {}", folder.display())]
    Busy {
        /// The cluster's folder.
        folder: PathBuf,
    },
    /// A process of a dead owner holds on to the data.
    #[error("process {pid} still uses the PostgreSQL data in {}, and does not stop", folder.display())]
    Leftover {
        /// The process.
        pid: i32,
        /// The data folder.
        folder: PathBuf,
    },
    /// PostgreSQL does not run as root, and there is no other user to run it as.
    #[error("PostgreSQL does not run as root, and this machine has neither a user `postgres` nor `nobody`")]
    NoUser,
    /// Somebody else owns the folder the socket would go to.
    #[error("{} belongs to somebody else: remove it, or choose a shorter data folder", .0.display())]
    Socket(PathBuf),
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
    /// A program could not be run or failed.
    #[error("{program} failed: {output}")]
    Program {
        /// The program.
        program: PathBuf,
        /// What it said, or why it did not run.
        output: String,
    },
    /// The server ended or gave no answer in time.
    #[error("PostgreSQL did not start; the end of its log {}:\n{log}", path.display())]
    NotReady {
        /// The log's file.
        path: PathBuf,
        /// Its last lines.
        log: String,
    },
    /// A statement failed. Only its SQLSTATE is kept: the server's message may hold values.
    #[error("could not {action} (SQLSTATE {sqlstate})")]
    Statement {
        /// What was tried.
        action: &'static str,
        /// The server's code, or `none` where the connection failed.
        sqlstate: String,
    },
    /// The operating system refused a thread or a timer.
    #[error("could not watch over PostgreSQL: {0}")]
    Keeper(#[source] io::Error),
}

impl ClusterError {
    pub(super) fn file(action: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::File { action, path: path.into(), source }
    }

    pub(super) fn statement(action: &'static str, error: &tokio_postgres::Error) -> Self {
        let sqlstate = error.code().map_or("none", |code| code.code()).to_owned();
        Self::Statement { action, sqlstate }
    }
}
