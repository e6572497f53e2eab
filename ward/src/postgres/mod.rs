//! A private PostgreSQL cluster: found or installed, made, started, and stopped with its owner.
//!
//! It listens on a unix socket only, in a folder nobody else may enter, so several run side by side and
//! none is seen from the network. The server ends with the process that started it, whatever ends that.

mod binaries;
mod embedded;
mod error;
mod keeper;
mod layout;
mod leftover;
mod owner;
mod server;
#[cfg(test)]
mod tests;

pub use error::ClusterError;
pub use layout::location;

use std::fs::Permissions;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use keeper::Keeper;

/// The cluster's superuser, and the database that every cluster has from its first start.
pub const SUPERUSER: &str = "ward";

/// How a cluster is to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder the cluster belongs to; it is made if need be. The cluster takes `postgres/` in it, and
    /// `embedded-postgres/` where it has to bring the server along. See [`location`] for the one exception.
    pub folder: PathBuf,
    /// `false` turns `fsync` and its relatives off: quick, and lost in a power cut. For tests.
    pub durable: bool,
    /// Told in one line what takes long, such as an installation.
    pub notice: fn(&str),
}

impl Options {
    /// A durable cluster in `folder` that says on standard error what takes long.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), durable: true, notice: |line| eprintln!("{line}") }
    }

    /// The same, without durability.
    #[must_use]
    pub fn not_durable(self) -> Self {
        Self { durable: false, ..self }
    }
}

/// A running PostgreSQL server and the folder it has to itself. Dropping it stops the server.
#[derive(Debug)]
pub struct Cluster {
    keeper: Keeper,
    /// After `keeper`: the server is down before its folder goes.
    _temporary: Option<tempfile::TempDir>,
}

impl Cluster {
    /// Starts the cluster of a folder, and makes it before if it is not there yet.
    ///
    /// Blocks until the server answers: about a second the first time, some 50 ms later. A server which
    /// outlived a killed owner is stopped first. In async code, call it through `spawn_blocking`.
    pub fn start(options: Options) -> Result<Self, ClusterError> {
        Ok(Self { keeper: Keeper::start(options)?, _temporary: None })
    }

    /// Starts a cluster without durability in a new temporary folder, which goes when the cluster does.
    pub fn temporary() -> Result<Self, ClusterError> {
        // The server may run as another user than we do, who has to get through.
        let folder = tempfile::Builder::new()
            .prefix("ward-postgres-")
            .permissions(Permissions::from_mode(0o711))
            .tempdir()
            .map_err(|source| ClusterError::file("make a folder in", "/tmp", source))?;
        let keeper = Keeper::start(Options::new(folder.path()).not_durable())?;
        Ok(Self { keeper, _temporary: Some(folder) })
    }

    /// Stops the server in PostgreSQL's `fast` mode and waits for its end: clients are cut off, nothing is lost.
    pub fn stop(self) {
        drop(self);
    }

    /// Creates a database, a copy of `template` if there is one. Nobody may be connected to the template.
    pub async fn create_database(&self, name: &str, template: Option<&str>) -> Result<(), ClusterError> {
        server::create_database(&self.keeper.facts.socket, name, template).await
    }

    /// The URL of one of the cluster's databases, as tokio-postgres and libpq read it.
    pub fn url(&self, database: &str) -> String {
        self.url_as(SUPERUSER, database)
    }

    /// The same for another role than the superuser.
    pub fn url_as(&self, role: &str, database: &str) -> String {
        let encode = |text: &str| percent_encode(text.as_bytes(), b"");
        let socket = percent_encode(self.socket().as_os_str().as_bytes(), b"/");
        format!("postgres://{}@/{}?host={socket}", encode(role), encode(database))
    }

    /// The folder of the server's unix socket.
    pub fn socket(&self) -> &Path {
        &self.keeper.facts.socket
    }

    /// Where the data is; see [`location`].
    pub fn folder(&self) -> &Path {
        &self.keeper.facts.folder
    }

    /// PostgreSQL's major version.
    pub fn version(&self) -> u32 {
        self.keeper.facts.version
    }
}

/// Deletes the cluster of a folder and all its data, and says whether there was one. Programs installed for it stay.
///
/// Refused while the cluster runs; a server without its owner is stopped first.
pub fn remove(folder: &Path) -> Result<bool, ClusterError> {
    let exists = location(folder)?.join("postgres").exists();
    if exists {
        keeper::remove(folder)?;
    }
    Ok(exists)
}

/// Percent-encodes everything but RFC 3986's unreserved characters and those in `also`.
fn percent_encode(bytes: &[u8], also: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, &byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also.contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.extend([byte >> 4, byte & 15].map(|half| char::from(b"0123456789ABCDEF"[usize::from(half)])));
        }
        text
    })
}
