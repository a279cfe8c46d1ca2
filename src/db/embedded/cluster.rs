//! The cluster on disk: made once, by `initdb`, and with which settings it runs.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::Stdio;

use super::binaries::{Binaries, Version};
use super::error::EmbeddedError;
use super::locks::ServerLock;
use super::{ADMIN, Durability, Folders};

const DISPOSABLE_MARK: &str = "disposable";

/// Best first; not every machine has the first.
const LOCALES: [&str; 2] = ["C.UTF-8", "C"];

/// Major version of the cluster, if there is one.
pub(super) fn major(folders: &Folders) -> Result<Option<Version>, EmbeddedError> {
    let path = folders.cluster.join("PG_VERSION");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(EmbeddedError::io("read", &path)(error)),
    };
    let major = text
        .trim()
        .parse()
        .map_err(|error| EmbeddedError::io("understand", &path)(io::Error::new(io::ErrorKind::InvalidData, error)))?;
    Ok(Some(Version {
        major,
        cluster: folders.cluster.clone(),
    }))
}

/// Refuses a durable cluster's data without durability, and the reverse: what
/// once ran without fsync cannot be trusted later.
pub(super) fn check_durability(folders: &Folders, asked: Durability) -> Result<(), EmbeddedError> {
    let made = if folders.root.join(DISPOSABLE_MARK).exists() {
        Durability::Disposable
    } else {
        Durability::Durable
    };
    if !folders.cluster.exists() || made == asked {
        return Ok(());
    }
    Err(EmbeddedError::OtherDurability {
        data: folders.root.clone(),
        made: adjective(made),
        asked: adjective(asked),
    })
}

fn adjective(durability: Durability) -> &'static str {
    match durability {
        Durability::Durable => "durable",
        Durability::Disposable => "disposable",
    }
}

/// Makes the cluster: UTF-8, checksums on, no password (the socket's folder is closed).
///
/// It appears under its name only when complete, so a cut-off attempt leaves nothing in the way.
pub(super) fn create(
    binaries: &Binaries,
    folders: &Folders,
    durability: Durability,
    lock: &ServerLock,
) -> Result<(), EmbeddedError> {
    let partial = folders.root.join("cluster.partial");
    let mut outcome = Ok(());
    for locale in LOCALES {
        remove_folder(&partial)?;
        outcome = initdb(binaries, folders, durability, lock, &partial, locale);
        if outcome.is_ok() {
            break;
        }
    }
    outcome?;
    mark(folders, durability)?;
    fs::rename(&partial, &folders.cluster).map_err(EmbeddedError::io("name", &partial))?;
    File::open(&folders.root)
        .and_then(|root| root.sync_all())
        .map_err(EmbeddedError::io("save", &folders.root))
}

fn initdb(
    binaries: &Binaries,
    folders: &Folders,
    durability: Durability,
    lock: &ServerLock,
    partial: &Path,
    locale: &str,
) -> Result<(), EmbeddedError> {
    let lock = lock
        .0
        .try_clone()
        .map_err(EmbeddedError::io("share lock of", &folders.root))?;
    let program = binaries.program("initdb");
    let mut command = folders.account.command(&program, &folders.root)?;
    command
        .arg("--pgdata")
        .arg(partial)
        .arg(format!("--username={ADMIN}"))
        .arg(format!("--locale={locale}"))
        .args(["--encoding=UTF8", "--data-checksums", "--no-instructions"])
        .args(["--auth-local=trust", "--auth-host=reject"])
        .stdin(Stdio::from(lock));
    if durability == Durability::Disposable {
        command.arg("--no-sync");
    }
    let output = command.output().map_err(EmbeddedError::io("run", &program))?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(EmbeddedError::Initdb {
        output: format!("initdb: {}: {}", output.status, complaint.trim()),
    })
}

fn mark(folders: &Folders, durability: Durability) -> Result<(), EmbeddedError> {
    let path = folders.root.join(DISPOSABLE_MARK);
    let outcome = match durability {
        Durability::Disposable => fs::write(&path, "Made without fsync: for tests only.\n"),
        Durability::Durable => match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        },
    };
    outcome.map_err(EmbeddedError::io("write", &path))
}

fn remove_folder(folder: &Path) -> Result<(), EmbeddedError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(EmbeddedError::io("remove", folder)(error)),
        _ => Ok(()),
    }
}

/// Settings the server runs with, besides where its socket is.
///
/// They stand on the command line and so win over anything left in the data folder.
pub(super) fn settings(durability: Durability) -> Vec<&'static str> {
    let mut settings = vec![
        "listen_addresses=",
        "port=5432",
        "unix_socket_permissions=0700",
        "shared_buffers=256MB",
        "random_page_cost=1.1",
        "jit=off",
        "timezone=UTC",
        "log_timezone=UTC",
        "logging_collector=off",
        "log_destination=stderr",
        "log_line_prefix=%m [%p] %u@%d ",
        // Values of a row are personal data; DETAIL lines and parameters hold them.
        "log_error_verbosity=terse",
        "log_parameter_max_length_on_error=0",
        "log_statement=none",
    ];
    settings.extend(match durability {
        Durability::Durable => [
            "fsync=on",
            "synchronous_commit=on",
            "full_page_writes=on",
            "max_connections=200",
        ],
        Durability::Disposable => [
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "max_connections=300",
        ],
    });
    settings
}
