//! The user the server runs as, and what that user can reach.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::unistd::{User, getegid, geteuid};

use super::ClusterError;

/// The user of the server: ourselves, unless we are root, as which PostgreSQL refuses to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    pub uid: u32,
    pub gid: u32,
    /// We are root and step down.
    pub steps_down: bool,
}

impl Owner {
    /// The user of this process, or for root `postgres`, else `nobody`: initdb wants a user that has a name.
    pub fn find() -> Result<Self, ClusterError> {
        if !geteuid().is_root() {
            return Ok(Self { uid: geteuid().as_raw(), gid: getegid().as_raw(), steps_down: false });
        }
        let named = |name| User::from_name(name).ok().flatten().filter(|user| !user.uid.is_root());
        let user = named("postgres").or_else(|| named("nobody")).ok_or(ClusterError::NoUser)?;
        Ok(Self { uid: user.uid.as_raw(), gid: user.gid.as_raw(), steps_down: true })
    }

    /// Makes `command` run as this user, in `folder`.
    pub fn run(self, command: &mut Command, folder: &Path) {
        command.current_dir(folder);
        if self.steps_down {
            command.uid(self.uid).gid(self.gid);
        }
    }

    /// Whether this user can get to `path`, judged by the mode of every folder on the way which exists.
    pub fn reaches(self, path: &Path) -> bool {
        !self.steps_down || path.ancestors().filter_map(|folder| fs::metadata(folder).ok()).all(|it| self.enters(&it))
    }

    fn enters(self, folder: &fs::Metadata) -> bool {
        let bit = match (folder.uid() == self.uid, folder.gid() == self.gid) {
            (true, _) => 0o100,
            (false, true) => 0o010,
            (false, false) => 0o001,
        };
        folder.mode() & bit != 0
    }

    /// Makes a folder that only this user may enter. One that is there already has to be theirs.
    pub fn make_private(self, folder: &Path) -> io::Result<()> {
        match fs::DirBuilder::new().mode(0o700).create(folder) {
            Ok(()) if self.steps_down => chown(folder, Some(self.uid), Some(self.gid)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let found = fs::symlink_metadata(folder)?;
                if !found.is_dir() || found.uid() != self.uid {
                    return Err(io::Error::other("it belongs to another user"));
                }
                fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
            }
            made => made,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_closed_to_others_is_out_of_reach() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        let stranger = Owner { uid: 54_321, gid: 54_321, steps_down: true };

        let open = |mode| fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        open(0o700);
        assert!(!stranger.reaches(&inner));
        assert!(!stranger.reaches(&inner.join("not/there/yet")));
        open(0o711);
        assert!(stranger.reaches(&inner));
    }

    #[test]
    fn a_private_folder_is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let private = folder.path().join("private");
        let owner = Owner::find().unwrap();
        owner.make_private(&private).unwrap();
        fs::set_permissions(&private, fs::Permissions::from_mode(0o777)).unwrap();
        owner.make_private(&private).unwrap();

        let found = fs::metadata(&private).unwrap();
        assert_eq!((found.mode() & 0o777, found.uid()), (0o700, owner.uid));
    }

    #[test]
    fn a_link_in_the_place_of_a_private_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let private = folder.path().join("private");
        std::os::unix::fs::symlink(folder.path(), &private).unwrap();
        assert!(Owner::find().unwrap().make_private(&private).is_err());
    }
}
