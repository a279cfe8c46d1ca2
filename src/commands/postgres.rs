//! `wardlink with-postgres`: runs a command beside an embedded PostgreSQL.

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, ExitCode, ExitStatus};
use std::time::SystemTime;

use nix::sys::signal::{Signal as Number, kill};
use nix::unistd::Pid;
use tokio::process::Child;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::db::embedded::{self, Durability, EmbeddedPostgres, Settings};

const DATABASE_URL: &str = "DATABASE_URL";

/// Shells' exit codes for a command that could not be run, or was not found.
const CANNOT_RUN: u8 = 126;
const NOT_FOUND: u8 = 127;

/// Runs COMMAND with DATABASE_URL set to an embedded PostgreSQL's superuser.
///
/// If DATABASE_URL is already set, nothing is started and COMMAND simply runs.
#[derive(Debug, clap::Args)]
pub struct WithPostgres {
    /// Folder the data is kept in [default: ./var/postgres; with --disposable a temporary one, deleted afterwards]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Trade all safety of the data for speed: for tests only
    #[arg(long)]
    disposable: bool,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Runs the subcommand; the exit code is COMMAND's own, or 128 plus the signal that ended it.
///
/// Brings its own runtime: call it outside of any other.
#[must_use]
pub fn run(args: &WithPostgres) -> ExitCode {
    let Some((program, arguments)) = args.command.split_first() else {
        return ExitCode::from(CANNOT_RUN);
    };
    let mut command = Command::new(program);
    command.args(arguments);
    if std::env::var_os(DATABASE_URL).is_some_and(|url| !url.is_empty()) {
        // Becomes the command; comes back only if it cannot.
        return cannot_run(program, &command.exec());
    }
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())
        .and_then(|runtime| runtime.block_on(beside_postgres(args, command)));
    outcome.unwrap_or_else(|message| {
        eprintln!("wardlink: {message}");
        ExitCode::from(CANNOT_RUN)
    })
}

async fn beside_postgres(args: &WithPostgres, mut command: Command) -> Result<ExitCode, String> {
    // Before the server starts, so that a signal meanwhile is kept for the command.
    let mut signals = Signals::watch().map_err(|error| error.to_string())?;
    let server = start(args)?;
    command.env(DATABASE_URL, server.admin_url());
    let mut command = tokio::process::Command::from(command);
    let code = match command.spawn() {
        Ok(child) => wait_passing_signals(child, &mut signals).await,
        Err(error) => cannot_run(command.as_std().get_program(), &error),
    };
    let temporary = args.disposable && args.data.is_none();
    let stopped = if temporary { server.discard() } else { server.stop() };
    if let Err(error) = stopped {
        eprintln!("wardlink: {error}");
    }
    Ok(code)
}

fn start(args: &WithPostgres) -> Result<EmbeddedPostgres, String> {
    let data_dir = match &args.data {
        Some(folder) => folder.clone(),
        None if args.disposable => {
            temporary_folder().map_err(|error| format!("cannot make a temporary folder: {error}"))?
        }
        None => PathBuf::from("./var/postgres"),
    };
    let durability = if args.disposable {
        Durability::Disposable
    } else {
        Durability::Durable
    };
    let settings = Settings { data_dir, durability };
    embedded::start(&settings).map_err(|error| error.to_string())
}

fn temporary_folder() -> io::Result<PathBuf> {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let name = format!("wardlink-{}-{}", std::process::id(), now.subsec_nanos());
    let folder = std::env::temp_dir().join(name);
    std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
    Ok(folder)
}

/// What would end us, were it not for the command to answer first.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn watch() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Number {
        tokio::select! {
            _ = self.interrupt.recv() => Number::SIGINT,
            _ = self.terminate.recv() => Number::SIGTERM,
        }
    }
}

/// Waits for the command's end, handing on what we are told meanwhile.
async fn wait_passing_signals(mut child: Child, signals: &mut Signals) -> ExitCode {
    loop {
        let told = tokio::select! {
            ended = child.wait() => return match ended {
                Ok(status) => exit_code(status),
                Err(error) => {
                    eprintln!("wardlink: waiting for the command: {error}");
                    ExitCode::FAILURE
                }
            },
            told = signals.next() => told,
        };
        // A terminal sends Ctrl-C to the command too, and twice often means «at once».
        let already_there = told == Number::SIGINT && io::stdin().is_terminal();
        if let Some(id) = child.id()
            && !already_there
        {
            // It may have ended this moment, which the next turn sees.
            let _ = kill(Pid::from_raw(id.cast_signed()), told);
        }
    }
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}

fn cannot_run(program: &OsStr, error: &io::Error) -> ExitCode {
    eprintln!("wardlink: cannot run {}: {error}", program.display());
    if error.kind() == io::ErrorKind::NotFound {
        return ExitCode::from(NOT_FOUND);
    }
    ExitCode::from(CANNOT_RUN)
}
