//! Where the server's data, socket and log live, and whose they are.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::Account;
use super::error::EmbeddedError;
use super::locks::OWNER_LOCK;

/// Where the data goes when root's own path is closed to the server's account.
const SHARED_HOME: &str = "/var/lib/wardlink";

/// `sun_path` holds 108 bytes with its closing zero (unix(7)).
const LONGEST_SOCKET: usize = 107;
pub(super) const SOCKET_NAME: &str = ".s.PGSQL.5432";

/// The folders of one embedded server, made and owned by its account.
#[derive(Debug)]
pub(super) struct Folders {
    pub(super) account: Account,
    pub(super) root: PathBuf,
    pub(super) cluster: PathBuf,
    pub(super) run: PathBuf,
    pub(super) log: PathBuf,
}

impl Folders {
    /// Decides where everything goes and makes all folders but the cluster.
    pub(super) fn prepare(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let (root, account) = reachable_root(data_dir)?;
        claim(&root, account)?;
        let run = run_folder(&root);
        private_folder(&run, account)?;
        let log = root.join("log");
        private_folder(&log, account)?;
        Ok(Self {
            account,
            cluster: root.join("cluster"),
            run,
            log: log.join("postgres.log"),
            root,
        })
    }

    /// The socket folder, if it is not below the data folder.
    pub(super) fn far_run(&self) -> Option<PathBuf> {
        (!self.run.starts_with(&self.root)).then(|| self.run.clone())
    }
}

fn reachable_root(data_dir: &Path) -> Result<(PathBuf, Account), EmbeddedError> {
    let wanted = canonical(data_dir)?;
    let account = Account::choose(&wanted.join("cluster"))?;
    if wanted.parent().is_none_or(|parent| account.can_enter(parent)) {
        return Ok((wanted, account));
    }
    let root = Path::new(SHARED_HOME).join(short_hash(&wanted));
    let account = Account::choose(&root.join("cluster"))?;
    let home = Path::new(SHARED_HOME);
    fs::create_dir_all(home).map_err(EmbeddedError::io("make", home))?;
    fs::set_permissions(home, Permissions::from_mode(0o755)).map_err(EmbeddedError::io("open", home))?;
    tracing::warn!(
        wanted = %wanted.display(),
        used = %root.display(),
        user = account.uid,
        "the server's account cannot enter the data folder's parents; keeping the data elsewhere"
    );
    Ok((root, account))
}

/// Absolute, free of links, with all parents made; the folder itself may be missing.
fn canonical(data_dir: &Path) -> Result<PathBuf, EmbeddedError> {
    let absolute = std::path::absolute(data_dir).map_err(EmbeddedError::io("find", data_dir))?;
    if let Ok(existing) = absolute.canonicalize() {
        return Ok(existing);
    }
    let (Some(parent), Some(name)) = (absolute.parent(), absolute.file_name()) else {
        return Err(EmbeddedError::NotOurs(absolute));
    };
    fs::create_dir_all(parent).map_err(EmbeddedError::io("make", parent))?;
    let parent = parent.canonicalize().map_err(EmbeddedError::io("find", parent))?;
    Ok(parent.join(name))
}

/// Takes `root` for the server, unless it holds something else or is another user's.
fn claim(root: &Path, account: Account) -> Result<(), EmbeddedError> {
    if let Ok(metadata) = root.metadata() {
        if !nix::unistd::Uid::effective().is_root() && metadata.uid() != account.uid {
            return Err(EmbeddedError::OtherOwner {
                data: root.to_path_buf(),
                owner: metadata.uid(),
            });
        }
        let mut entries = fs::read_dir(root).map_err(EmbeddedError::io("read", root))?;
        if entries.next().is_some() && !root.join(OWNER_LOCK).exists() {
            return Err(EmbeddedError::NotOurs(root.to_path_buf()));
        }
    }
    private_folder(root, account)
}

/// Makes `folder` or takes an existing one, closed to all but the account.
fn private_folder(folder: &Path, account: Account) -> Result<(), EmbeddedError> {
    let make = DirBuilder::new().mode(0o700).create(folder);
    if let Err(error) = make
        && error.kind() != io::ErrorKind::AlreadyExists
    {
        return Err(EmbeddedError::io("make", folder)(error));
    }
    refuse_planted(folder, account)?;
    fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(EmbeddedError::io("close", folder))?;
    account.give(folder)
}

/// The temporary folder is everybody's: whoever made our name there first may
/// have left a link, or could read a socket folder of their own.
fn refuse_planted(folder: &Path, account: Account) -> Result<(), EmbeddedError> {
    let metadata = folder
        .symlink_metadata()
        .map_err(EmbeddedError::io("inspect", folder))?;
    let ours = [account.uid, nix::unistd::Uid::effective().as_raw()];
    if metadata.is_dir() && ours.contains(&metadata.uid()) {
        return Ok(());
    }
    Err(EmbeddedError::OtherOwner {
        data: folder.to_path_buf(),
        owner: metadata.uid(),
    })
}

/// `run` below the data folder, or a short folder elsewhere if that cannot be a socket's.
fn run_folder(root: &Path) -> PathBuf {
    let short = format!("wardlink-{}", short_hash(root));
    [root.join("run"), std::env::temp_dir().join(&short)]
        .into_iter()
        .find(|folder| fits_a_socket(folder))
        .unwrap_or_else(|| Path::new("/tmp").join(short))
}

/// Short enough for the kernel, and without the comma at which the server
/// and libpq, percent-encoded or not, split lists of hosts.
fn fits_a_socket(folder: &Path) -> bool {
    let path = folder.as_os_str().as_bytes();
    path.len() + SOCKET_NAME.len() < LONGEST_SOCKET && !path.contains(&b',')
}

/// Sixteen hexadecimal digits that stand for a path.
fn short_hash(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_bytes());
    HEXLOWER.encode(&digest[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_or_a_comma_gets_a_socket_folder_elsewhere() {
        let near = run_folder(Path::new("/srv/wardlink/var/postgres"));
        assert_eq!(near, Path::new("/srv/wardlink/var/postgres/run"));

        let deep = PathBuf::from(format!("/srv/{}", "x".repeat(100)));
        let far = run_folder(&deep);
        assert!(fits_a_socket(&far));
        assert_eq!(far, run_folder(&deep), "found again by the next start");

        let comma = run_folder(Path::new("/srv/a,b"));
        assert!(fits_a_socket(&comma));
    }
}
