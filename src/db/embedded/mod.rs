//! The embedded PostgreSQL: a private cluster run from the machine's own binaries.
//!
//! With no `DATABASE_URL`, Wardlink is still a real PostgreSQL away from
//! nothing: [`start`] makes a cluster in a folder of ours on first use, starts
//! it on a unix socket only, and hands back where to connect. It works as an
//! ordinary user and as root (the server then runs as `postgres` or `nobody`).
//!
//! Everything lives in one folder:
//!
//! ```text
//! <data folder>/
//!   cluster/        PGDATA
//!   run/            the socket; 0700, which is what makes `trust` safe
//!   log/            postgres.log
//!   wardlink.lock   held by the wardlink process that uses the folder
//!   server.lock     held by the server, so it outlives us only as long as the server does
//!   disposable      present when the cluster was made without durability
//! ```
//!
//! The server never outlives us, `kill -9` included: the kernel sends it SIGINT
//! (a clean, fast shutdown) when the thread that spawned it ends. That thread is
//! our own `postgres-keeper`, which waits for the server and so lives exactly as
//! long as both do; [`start`] may therefore be called from any thread.

mod account;
mod binaries;
mod cluster;
mod error;
mod folders;
mod locks;
mod server;

use std::path::{Path, PathBuf};

use account::Account;
use binaries::Binaries;
use folders::Folders;
use locks::OwnerLock;
use server::Server;

pub use error::EmbeddedError;

/// Name of the cluster's superuser.
pub const ADMIN: &str = "postgres";

/// How much a commit is worth once it has been answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// A committed transaction survives a crash of the machine.
    Durable,
    /// Nothing survives a crash of the machine; for tests only. A cluster is
    /// made as one or the other and is refused under the other setting.
    Disposable,
}

/// What the embedded server needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folder for everything the server keeps. Made if missing; an existing
    /// one must be empty or ours. Run as root below a folder the server's
    /// account cannot enter, `/var/lib/wardlink/<hash of the path>` is used instead.
    pub data_dir: PathBuf,
    /// Whether commits survive a crash of the machine.
    pub durability: Durability,
}

/// A running embedded server. Dropping it stops the server.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    // Fields drop in this order: the server ends before its folder is free again.
    server: Server,
    folders: Folders,
    _owner: OwnerLock,
}

/// Starts the server, making its cluster first if there is none.
///
/// Blocks until connections are accepted: below a second for a new cluster,
/// below 100 ms for an existing one that was shut down cleanly.
///
/// # Errors
///
/// See [`EmbeddedError`]; every message says what to do about it.
pub fn start(settings: &Settings) -> Result<EmbeddedPostgres, EmbeddedError> {
    let folders = Folders::prepare(&settings.data_dir)?;
    let owner = locks::own(&folders)?;
    let server_lock = locks::await_end_of_former_server(&folders)?;

    cluster::check_durability(&folders, settings.durability)?;
    let binaries = Binaries::find(cluster::major(&folders)?, &folders.account)?;
    if cluster::major(&folders)?.is_none() {
        cluster::create(&binaries, &folders, settings.durability, &server_lock)?;
    }
    let server = Server::start(&binaries, &folders, settings.durability, server_lock)?;
    tracing::info!(
        data = %folders.root.display(),
        socket = %folders.run.display(),
        version = binaries.major,
        "embedded PostgreSQL is ready"
    );
    Ok(EmbeddedPostgres {
        server,
        folders,
        _owner: owner,
    })
}

impl EmbeddedPostgres {
    /// Connection URL for `user` on `database`, understood by libpq and tokio-postgres.
    #[must_use]
    pub fn url(&self, database: &str, user: &str) -> String {
        socket_url(&self.folders.run, database, user)
    }

    /// Connection URL for the superuser on the database `postgres`.
    #[must_use]
    pub fn admin_url(&self) -> String {
        self.url("postgres", ADMIN)
    }

    /// Folder the data is really in; see [`Settings::data_dir`] for when it differs.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.folders.root
    }

    /// Stops the server cleanly and waits for its end.
    ///
    /// # Errors
    ///
    /// [`EmbeddedError::WouldNotStop`] if it had to be cut off; the data is
    /// safe, and the next start recovers it.
    pub fn stop(mut self) -> Result<(), EmbeddedError> {
        self.server.stop()
    }

    /// Stops the server and deletes its folder.
    ///
    /// # Errors
    ///
    /// As [`EmbeddedPostgres::stop`], or that the folder could not be deleted.
    pub fn discard(mut self) -> Result<(), EmbeddedError> {
        self.server.stop()?;
        std::fs::remove_dir_all(&self.folders.root).map_err(EmbeddedError::io("delete", &self.folders.root))
    }
}

fn socket_url(socket_folder: &Path, database: &str, user: &str) -> String {
    use std::os::unix::ffi::OsStrExt;

    let user = percent_encoded(user.as_bytes());
    let host = percent_encoded(socket_folder.as_os_str().as_bytes());
    let database = percent_encoded(database.as_bytes());
    format!("postgresql://{user}@{host}/{database}")
}

/// RFC 3986 percent-encoding of all but the unreserved characters.
fn percent_encoded(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|&byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_folder_with_spaces_fits_in_a_url() {
        let url = socket_url(Path::new("/srv/a b/run"), "ward ünits", "it@x");
        assert_eq!(url, "postgresql://it%40x@%2Fsrv%2Fa%20b%2Frun/ward%20%C3%BCnits");
    }
}
