//! Where a cluster keeps its files.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::ClusterError;
use super::owner::Owner;
use crate::fingerprint::Fingerprint;

/// A socket's path has to fit into `sockaddr_un`: 104 bytes on macOS, 108 on Linux.
const SOCKET_PATH_LIMIT: usize = 100;
const SOCKET_NAME: &str = ".s.PGSQL.5432";

/// The files of one cluster.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// What the rest lies in: the folder asked for, or the one that stands in for it.
    pub base: PathBuf,
    /// `base/postgres`, which only the server's user may enter.
    pub private: PathBuf,
    pub data: PathBuf,
    pub log: PathBuf,
    pub lock: PathBuf,
    pub socket: PathBuf,
}

/// Where the cluster of `folder` really is: in `folder`, unless we are root and the user whom the server runs as
/// can't get there (as below `/root`). Then it is in a folder below `/var/lib/ward` named for the path.
pub fn location(folder: &Path) -> Result<PathBuf, ClusterError> {
    let folder = std::path::absolute(folder).map_err(|error| ClusterError::file("resolve", folder, error))?;
    // Two names of one folder have to come out as one.
    let folder = folder.canonicalize().unwrap_or(folder);
    if Owner::find()?.reaches(&folder) { Ok(folder) } else { Ok(Path::new("/var/lib/ward").join(short_name(&folder))) }
}

impl Layout {
    /// Makes the folders, all but the data.
    pub fn make(folder: &Path, owner: Owner) -> Result<Self, ClusterError> {
        make_passable(folder, owner)?;
        let base = location(folder)?;
        make_passable(&base, owner)?;

        let private = base.join("postgres");
        owner.make_private(&private).map_err(|error| ClusterError::file("make", &private, error))?;
        let socket = match private.join("socket") {
            near if near.join(SOCKET_NAME).as_os_str().len() < SOCKET_PATH_LIMIT => near,
            far => socket_elsewhere(&far, owner),
        };
        owner.make_private(&socket).map_err(|_| ClusterError::Socket(socket.clone()))?;
        Ok(Self {
            data: private.join("data"),
            log: private.join("log"),
            lock: private.join("lock"),
            base,
            private,
            socket,
        })
    }

    /// The major version of the data that is there, if any is.
    pub fn data_version(&self) -> Option<u32> {
        fs::read_to_string(self.data.join("PG_VERSION")).ok()?.trim().parse().ok()
    }
}

/// Makes a folder of our own; a server of another user may pass through it, not list it.
fn make_passable(folder: &Path, owner: Owner) -> Result<(), ClusterError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(if owner.steps_down { 0o711 } else { 0o700 })
        .create(folder)
        .map_err(|error| ClusterError::file("make", folder, error))
}

fn socket_elsewhere(too_long: &Path, owner: Owner) -> PathBuf {
    let name = format!("ward-{}", short_name(too_long));
    let own = PathBuf::from(format!("/run/user/{}", owner.uid));
    let run = if owner.steps_down { Path::new("/run") } else { &own };
    let parent = if run.is_dir() { run } else { Path::new("/tmp") };
    parent.join(name)
}

fn short_name(path: &Path) -> String {
    Fingerprint::new().with(path.as_os_str().as_bytes()).hex()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_gets_its_socket_elsewhere() {
        let folder = tempfile::Builder::new()
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o711))
            .tempdir()
            .unwrap();
        let owner = Owner::find().unwrap();
        let near = Layout::make(&folder.path().join("near"), owner).unwrap();
        assert_eq!(near.socket, near.private.join("socket"));

        let far = Layout::make(&folder.path().join("far".repeat(40)), owner).unwrap();
        assert!(far.socket.as_os_str().len() < SOCKET_PATH_LIMIT && far.socket.is_dir());
        fs::remove_dir(far.socket).unwrap();
    }
}
