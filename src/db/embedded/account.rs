//! Which account the server runs as, and how a program is started under it.

use std::ffi::OsStr;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::{Gid, Uid, User};

use super::binaries::in_path;
use super::error::EmbeddedError;

/// The account the server runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    gid: u32,
    /// We are root and change to this account; otherwise it is our own.
    switched: bool,
}

impl Account {
    /// Our own account; for root the owner of an existing `cluster`, else
    /// `postgres`, else `nobody`, since PostgreSQL refuses to run as root.
    pub(super) fn choose(cluster: &Path) -> Result<Self, EmbeddedError> {
        if !Uid::effective().is_root() {
            return Ok(Self {
                uid: Uid::effective().as_raw(),
                gid: Gid::effective().as_raw(),
                switched: false,
            });
        }
        if let Ok(owner) = cluster.metadata()
            && owner.uid() != 0
        {
            return Ok(Self::switched(owner.uid(), owner.gid()));
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Self::switched(user.uid.as_raw(), user.gid.as_raw()))
            .ok_or(EmbeddedError::NoAccount)
    }

    fn switched(uid: u32, gid: u32) -> Self {
        Self {
            uid,
            gid,
            switched: true,
        }
    }

    /// Whether the account may enter `folder` and all its parents, by their mode bits.
    pub(super) fn can_enter(self, folder: &Path) -> bool {
        !self.switched
            || folder.ancestors().all(|part| {
                part.metadata().is_ok_and(|metadata| {
                    let executable = if metadata.uid() == self.uid {
                        0o100
                    } else if metadata.gid() == self.gid {
                        0o010
                    } else {
                        0o001
                    };
                    metadata.mode() & executable != 0
                })
            })
    }

    /// Makes `path` the account's own, if that is not us.
    pub(super) fn give(self, path: &Path) -> Result<(), EmbeddedError> {
        if self.switched {
            chown(path, Some(self.uid), Some(self.gid)).map_err(EmbeddedError::io("hand over", path))?;
        }
        Ok(())
    }

    /// A command that runs `program` under the account with an empty
    /// environment, and is sent SIGINT when the thread that spawns it ends.
    ///
    /// `setpriv` sets the death signal after changing the user, which would
    /// clear it, and then becomes the program: the process id stays.
    pub(super) fn command(self, program: &Path, home: &Path) -> Result<Command, EmbeddedError> {
        let mut command = Command::new(setpriv().ok_or(EmbeddedError::NoSetpriv)?);
        command.args(["--pdeathsig", "INT"]);
        if self.switched {
            command
                .arg(format!("--reuid={}", self.uid))
                .arg(format!("--regid={}", self.gid))
                .arg("--clear-groups");
        }
        command
            .arg("--")
            .arg(program)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .current_dir(home);
        Ok(command)
    }
}

fn setpriv() -> Option<PathBuf> {
    in_path(OsStr::new("setpriv")).or_else(|| {
        ["/usr/bin/setpriv", "/bin/setpriv"]
            .into_iter()
            .map(PathBuf::from)
            .find(|path| path.is_file())
    })
}
