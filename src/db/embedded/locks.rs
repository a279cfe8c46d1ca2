//! One wardlink per data folder, and no server left over from a dead one.
//!
//! Both locks are flocks, which the kernel lets go with the last holder: no
//! guessing from process ids, which lie about zombies and across containers.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Folders;
use super::error::EmbeddedError;
use super::folders::SOCKET_NAME;

/// Name of the lock a living wardlink holds; also what tells the folder is ours.
pub(super) const OWNER_LOCK: &str = "wardlink.lock";
const SERVER_LOCK: &str = "server.lock";

/// How long a dead process' server may take to shut down.
const FORMER_SERVER_LIMIT: Duration = Duration::from_secs(60);

/// Held for as long as we use the folder.
#[derive(Debug)]
pub(super) struct OwnerLock {
    _file: File,
}

/// Handed to the server as its standard input, so that it and all its
/// processes hold it until the last of them has ended.
#[derive(Debug)]
pub(super) struct ServerLock(pub(super) File);

/// Takes the folder for this process, or says who has it.
pub(super) fn own(folders: &Folders) -> Result<OwnerLock, EmbeddedError> {
    let (path, mut file) = open(folders, OWNER_LOCK)?;
    if !try_lock(&file, &path)? {
        let mut owner = String::new();
        // Only for the message: an unreadable id is an unknown one.
        let _ = file.read_to_string(&mut owner);
        return Err(EmbeddedError::InUse {
            data: folders.root.clone(),
            owner: owner.trim().to_owned(),
        });
    }
    file.set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(EmbeddedError::io("write", &path))?;
    Ok(OwnerLock { _file: file })
}

/// Waits until the server of an owner that was killed has shut down, and
/// clears what it left if it was killed too.
pub(super) fn await_end_of_former_server(folders: &Folders) -> Result<ServerLock, EmbeddedError> {
    let (path, file) = open(folders, SERVER_LOCK)?;
    let began = Instant::now();
    let mut nudged = false;
    while !try_lock(&file, &path)? {
        if began.elapsed() > FORMER_SERVER_LIMIT {
            return Err(EmbeddedError::FormerServer {
                data: folders.root.clone(),
            });
        }
        // Its death signal was sent with the owner's end; this is for the
        // owner that died before `setpriv` had asked for one.
        if !nudged && began.elapsed() > Duration::from_millis(500) {
            nudged = true;
            nudge(folders);
        }
        sleep(Duration::from_millis(5));
    }
    clear_stale_lock_files(folders)?;
    Ok(ServerLock(file))
}

fn nudge(folders: &Folders) {
    if let Some(pid) = recorded_pid(folders)
        && matches!(works_here(pid, folders), Ok(true))
    {
        // It may have ended meanwhile, which is what we want.
        let _ = kill(Pid::from_raw(pid), Signal::SIGINT);
    }
}

/// Removes the lock files of a server whose process is gone, a zombie or someone else.
///
/// PostgreSQL recovers from a dead process by itself, but takes any living one
/// with that id for a server: common in containers, where ids start small.
fn clear_stale_lock_files(folders: &Folders) -> Result<(), EmbeddedError> {
    let Some(pid) = recorded_pid(folders) else {
        return Ok(());
    };
    if !matches!(works_here(pid, folders), Ok(false)) {
        return Ok(());
    }
    let socket = folders.run.join(SOCKET_NAME);
    // Last the one that tells us there is something to clear.
    for path in [
        socket.with_extension("5432.lock"),
        socket,
        folders.cluster.join("postmaster.pid"),
    ] {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(EmbeddedError::io("remove stale", &path)(error));
            }
            _ => {}
        }
    }
    tracing::warn!(pid, "the embedded PostgreSQL was cut off last time; it will recover");
    Ok(())
}

fn recorded_pid(folders: &Folders) -> Option<i32> {
    let text = fs::read_to_string(folders.cluster.join("postmaster.pid")).ok()?;
    text.lines().next()?.trim().parse().ok()
}

/// Whether that process' working directory is the cluster, as every server process' is.
fn works_here(pid: i32, folders: &Folders) -> io::Result<bool> {
    match fs::read_link(format!("/proc/{pid}/cwd")) {
        Ok(folder) => Ok(folder == folders.cluster),
        Err(error) if error.kind() == io::ErrorKind::NotFound && Path::new("/proc/self").exists() => Ok(false),
        Err(error) => Err(error),
    }
}

fn open(folders: &Folders, name: &str) -> Result<(PathBuf, File), EmbeddedError> {
    let path = folders.root.join(name);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(EmbeddedError::io("open", &path))?;
    folders.account.give(&path)?;
    Ok((path, file))
}

fn try_lock(file: &File, path: &Path) -> Result<bool, EmbeddedError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(EmbeddedError::io("lock", path)(error)),
    }
}
