//! Why the embedded server could not be started or stopped.

use std::io;
use std::path::{Path, PathBuf};

/// Why the embedded server could not be started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No PostgreSQL server binaries of a version we support.
    #[error(
        "no PostgreSQL server (version {minimum} or newer) on this machine: looked in PATH, \
         `pg_config --bindir` and /usr/lib/postgresql/*/bin. On Debian or Ubuntu run \
         `apt-get install postgresql`, or set DATABASE_URL to a server elsewhere"
    )]
    NoServer {
        /// Oldest major version supported.
        minimum: u32,
    },
    /// The cluster belongs to a major version that is not installed.
    #[error(
        "the data in {} was made by PostgreSQL {major}, whose server is not on this machine. \
         On Debian or Ubuntu run `apt-get install postgresql-{major}`, or upgrade the data \
         with pg_upgrade", data.display()
    )]
    OtherVersion {
        /// The cluster's folder.
        data: PathBuf,
        /// Its major version.
        major: u32,
    },
    /// util-linux's `setpriv`, which ties the server's life to ours, is missing.
    #[error(
        "`setpriv` is not on this machine. On Debian or Ubuntu run `apt-get install util-linux`, \
         or set DATABASE_URL to a server elsewhere"
    )]
    NoSetpriv,
    /// Run as root, and there is no account to run the server as.
    #[error("PostgreSQL does not run as root, and there is no account `postgres` or `nobody` to run it as")]
    NoAccount,
    /// Another living wardlink uses the folder.
    #[error(
        "the embedded server in {} is already in use by wardlink process {owner}; stop that one \
         first, or give this one a data folder of its own", data.display()
    )]
    InUse {
        /// The data folder.
        data: PathBuf,
        /// Process id the other wrote down, as text.
        owner: String,
    },
    /// A server of an earlier, dead process has not ended yet.
    #[error(
        "the server of an earlier run is still busy in {} (its process id is the first line of \
         cluster/postmaster.pid); try again when it has ended", data.display()
    )]
    FormerServer {
        /// The data folder.
        data: PathBuf,
    },
    /// The folder holds something else.
    #[error(
        "{} is neither empty nor an embedded server's folder; choose another data folder",
        .0.display()
    )]
    NotOurs(PathBuf),
    /// The folder belongs to another user, and we are not root.
    #[error(
        "{} belongs to user id {owner}; run wardlink as that user or as root, or choose another \
         data folder", data.display()
    )]
    OtherOwner {
        /// The data folder.
        data: PathBuf,
        /// Numeric id of its owner.
        owner: u32,
    },
    /// The cluster was made with the other durability.
    #[error(
        "the cluster in {} was made {made}, and is not to be run {asked}; choose another data folder",
        data.display()
    )]
    OtherDurability {
        /// The data folder.
        data: PathBuf,
        /// How it was made.
        made: &'static str,
        /// What was asked for.
        asked: &'static str,
    },
    /// `initdb` failed.
    #[error("the database cluster could not be made: {output}")]
    Initdb {
        /// What initdb said.
        output: String,
    },
    /// The server ended instead of becoming ready.
    #[error("the embedded PostgreSQL did not start ({status}); {} ends with:\n{tail}", log.display())]
    Died {
        /// How it ended.
        status: String,
        /// Its log file.
        log: PathBuf,
        /// What it logged in this attempt.
        tail: String,
    },
    /// The server is alive but was not ready in time.
    #[error("the embedded PostgreSQL was not ready after {seconds} s; see {}", log.display())]
    Slow {
        /// How long we waited.
        seconds: u64,
        /// Its log file.
        log: PathBuf,
    },
    /// The server ignored a fast shutdown and was cut off.
    #[error("the embedded PostgreSQL did not shut down within {seconds} s and was cut off")]
    WouldNotStop {
        /// How long we waited.
        seconds: u64,
    },
    /// The operating system refused something.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What we were doing, an infinitive.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl EmbeddedError {
    /// For `map_err`: what was being done to which path.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { doing, path, source }
    }
}
