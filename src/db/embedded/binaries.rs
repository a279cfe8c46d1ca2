//! Finding the machine's own PostgreSQL server binaries.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::account::Account;
use super::error::EmbeddedError;

/// Oldest major version the schema works on.
const OLDEST: u32 = 15;

/// Where Debian and Ubuntu keep server binaries, one folder per major version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// A folder with `postgres` and `initdb` in it.
#[derive(Debug)]
pub(super) struct Binaries {
    folder: PathBuf,
    pub(super) major: u32,
}

impl Binaries {
    /// The first suitable of: PATH, `pg_config --bindir`, Debian's folders newest first.
    ///
    /// `wanted` is the major version of an existing cluster, which no other can open.
    pub(super) fn find(wanted: Option<Version>, account: &Account) -> Result<Self, EmbeddedError> {
        let suits = |found: &Self| match &wanted {
            Some(version) => found.major == version.major,
            None => found.major >= OLDEST,
        };
        // Lazy, because each look costs a process.
        let sources: [fn() -> Vec<PathBuf>; 3] = [from_path, from_pg_config, from_debian];
        sources
            .iter()
            .flat_map(|source| source())
            .filter(|folder| account.can_enter(folder))
            .filter_map(Self::inspect)
            .find(suits)
            .ok_or(match wanted {
                Some(Version { major, cluster }) => EmbeddedError::OtherVersion { data: cluster, major },
                None => EmbeddedError::NoServer { minimum: OLDEST },
            })
    }

    fn inspect(folder: PathBuf) -> Option<Self> {
        let complete = ["postgres", "initdb"].iter().all(|name| folder.join(name).is_file());
        if !complete {
            return None;
        }
        let major = major_of_debian_folder(&folder).or_else(|| asked_major(&folder))?;
        Some(Self { folder, major })
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// What an existing cluster says of itself.
#[derive(Debug)]
pub(super) struct Version {
    pub(super) major: u32,
    pub(super) cluster: PathBuf,
}

/// The first file of that name in the folders of PATH.
pub(super) fn in_path(name: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|path| path.is_absolute() && path.is_file())
}

fn from_path() -> Vec<PathBuf> {
    let program = in_path(OsStr::new("postgres"));
    // A link in /usr/local/bin leads to the folder that has initdb too.
    let folder = program.and_then(|path| path.canonicalize().ok()?.parent().map(Path::to_path_buf));
    folder.into_iter().collect()
}

fn from_pg_config() -> Vec<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output();
    output
        .into_iter()
        .filter(|output| output.status.success())
        .map(|output| PathBuf::from(OsStr::from_bytes(output.stdout.trim_ascii())))
        .collect()
}

fn from_debian() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path().join("bin")).collect();
    folders.sort_by_key(|folder| std::cmp::Reverse(major_of_debian_folder(folder)));
    folders
}

/// 15 for `/usr/lib/postgresql/15/bin`.
fn major_of_debian_folder(folder: &Path) -> Option<u32> {
    let version = folder.strip_prefix(DEBIAN).ok()?.components().next()?;
    version.as_os_str().to_str()?.parse().ok()
}

fn asked_major(folder: &Path) -> Option<u32> {
    let output = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    major_in(&String::from_utf8_lossy(&output.stdout))
}

/// 15 for `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn major_in(version: &str) -> Option<u32> {
    let (_, number) = version.split_once(") ")?;
    let digits = number.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_major_versions() {
        assert_eq!(
            major_in("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"),
            Some(15)
        );
        assert_eq!(major_in("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major_in("nonsense"), None);
        assert_eq!(
            major_of_debian_folder(Path::new("/usr/lib/postgresql/17/bin")),
            Some(17)
        );
        assert_eq!(major_of_debian_folder(Path::new("/opt/pg/bin")), None);
    }
}
