//! The running server: started, watched until ready, stopped.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::binaries::Binaries;
use super::error::EmbeddedError;
use super::locks::ServerLock;
use super::{Durability, Folders, cluster};

/// Recovery after a cut-off can take a while; a dead server is noticed at once.
const READY_LIMIT: Duration = Duration::from_secs(300);
const STOP_LIMIT: Duration = Duration::from_secs(60);
const CUT_OFF_LIMIT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(5);

/// A log larger than this, in bytes, is set aside at the next start.
const LOG_LIMIT: u64 = 10 * 1024 * 1024;
const TAIL: usize = 4000;

/// The server process, watched by a thread that ends when it does.
#[derive(Debug)]
pub(super) struct Server {
    pid: Pid,
    /// `None` once the server's end has been seen.
    keeper: Option<JoinHandle<io::Result<ExitStatus>>>,
    /// A socket folder outside the data folder, deleted after the end.
    far_run: Option<PathBuf>,
}

impl Server {
    pub(super) fn start(
        binaries: &Binaries,
        folders: &Folders,
        durability: Durability,
        lock: ServerLock,
    ) -> Result<Self, EmbeddedError> {
        let program = binaries.program("postgres");
        let log = open_log(folders)?;
        let log_began = log.metadata().map_or(0, |metadata| metadata.len());
        let errors = log.try_clone().map_err(EmbeddedError::io("share", &folders.log))?;

        let mut command = folders.account.command(&program, &folders.root)?;
        command.arg("-D").arg(&folders.cluster);
        for setting in cluster::settings(durability) {
            command.args(["-c", setting]);
        }
        let mut socket_setting = OsString::from("unix_socket_directories=");
        socket_setting.push(&folders.run);
        command
            .arg("-c")
            .arg(socket_setting)
            .stdin(Stdio::from(lock.0))
            .stdout(Stdio::from(log))
            .stderr(Stdio::from(errors))
            // A terminal's Ctrl-C is for us; the server has to outlast our own shutdown.
            .process_group(0);

        let (pid, keeper) = spawn_kept(command).map_err(EmbeddedError::io("run", &program))?;
        let mut server = Self {
            pid,
            keeper: Some(keeper),
            far_run: folders.far_run(),
        };
        server.await_ready(folders, log_began)?;
        Ok(server)
    }

    /// Line 8 of `postmaster.pid` says `ready` once connections are accepted.
    fn await_ready(&mut self, folders: &Folders, log_began: u64) -> Result<(), EmbeddedError> {
        let began = Instant::now();
        while !says_ready(&folders.cluster.join("postmaster.pid"), self.pid) {
            if let Some(status) = self.ended() {
                return Err(EmbeddedError::Died {
                    status,
                    log: folders.log.clone(),
                    tail: log_since(&folders.log, log_began),
                });
            }
            if began.elapsed() > READY_LIMIT {
                return Err(EmbeddedError::Slow {
                    seconds: READY_LIMIT.as_secs(),
                    log: folders.log.clone(),
                });
            }
            sleep(POLL);
        }
        Ok(())
    }

    /// How the server ended, if it has just been seen to.
    fn ended(&mut self) -> Option<String> {
        let keeper = self.keeper.take_if(|keeper| keeper.is_finished())?;
        Some(match keeper.join() {
            Ok(Ok(status)) => status.to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "its keeper panicked".to_owned(),
        })
    }

    /// Fast shutdown, then an immediate one if that takes too long.
    pub(super) fn stop(&mut self) -> Result<(), EmbeddedError> {
        if self.signalled(Signal::SIGINT, STOP_LIMIT) {
            if let Some(folder) = self.far_run.take() {
                // A leftover is empty, ours, and used again by the next start.
                let _ = fs::remove_dir(folder);
            }
            return Ok(());
        }
        self.signalled(Signal::SIGQUIT, CUT_OFF_LIMIT);
        Err(EmbeddedError::WouldNotStop {
            seconds: STOP_LIMIT.as_secs(),
        })
    }

    /// Sends the signal, if the server still runs, and tells whether it ended in time.
    fn signalled(&mut self, signal: Signal, limit: Duration) -> bool {
        let began = Instant::now();
        let mut sent = false;
        while self.keeper.is_some() && self.ended().is_none() {
            if !sent {
                // It may have ended this moment, which the next turn sees.
                let _ = kill(self.pid, signal);
                sent = true;
            }
            if began.elapsed() > limit {
                return false;
            }
            sleep(POLL);
        }
        true
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::error!(%error, "stopping the embedded PostgreSQL");
        }
    }
}

/// Spawns the command from a thread of its own that waits for its end.
///
/// Linux ties the death signal to the spawning *thread*: were it a caller's,
/// the server would stop with a worker thread's end in the middle of our life.
fn spawn_kept(mut command: Command) -> io::Result<(Pid, JoinHandle<io::Result<ExitStatus>>)> {
    let (sender, receiver) = mpsc::channel();
    let keeper = thread::Builder::new()
        .name("postgres-keeper".to_owned())
        .spawn(move || {
            let mut child = command.spawn()?;
            // Our copies of the lock and the log go with it; the server has its own.
            drop(command);
            // The receiver waits for exactly this.
            let _ = sender.send(child.id());
            child.wait()
        })?;
    match receiver.recv() {
        Ok(id) => Ok((Pid::from_raw(id.cast_signed()), keeper)),
        Err(_) => match keeper.join() {
            Ok(Err(error)) => Err(error),
            Ok(Ok(_)) | Err(_) => Err(io::Error::other("the server's keeper ended early")),
        },
    }
}

fn says_ready(pid_file: &Path, pid: Pid) -> bool {
    let Ok(text) = fs::read_to_string(pid_file) else {
        return false;
    };
    let mut lines = text.lines();
    let ours = lines.next().is_some_and(|line| line.trim() == pid.to_string());
    ours && lines.nth(6).is_some_and(|line| line.trim() == "ready")
}

fn open_log(folders: &Folders) -> Result<File, EmbeddedError> {
    let path = &folders.log;
    if path.metadata().is_ok_and(|log| log.len() > LOG_LIMIT) {
        fs::rename(path, path.with_extension("log.1")).map_err(EmbeddedError::io("set aside", path))?;
    }
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(EmbeddedError::io("open", path))?;
    folders.account.give(path)?;
    Ok(file)
}

/// What was logged since `began` bytes, its end if it is long.
fn log_since(path: &Path, began: u64) -> String {
    let mut bytes = Vec::new();
    // A log we cannot read is named in the message all the same.
    let _ = File::open(path).and_then(|mut log| {
        log.seek(SeekFrom::Start(began))?;
        log.read_to_end(&mut bytes)
    });
    let end = bytes.split_off(bytes.len().saturating_sub(TAIL));
    String::from_utf8_lossy(&end).trim().to_owned()
}
