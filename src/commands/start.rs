//! What every command does first.

use std::process::ExitCode;
use std::sync::{Arc, RwLock};

use chrono::Duration;
use tracing_subscriber::EnvFilter;

use super::database::Database;
use crate::attachments::scanner::{ClamdAddress, Scanner};
use crate::attachments::store::Store;
use crate::cases::workflow::Catalogue;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Pools;
use crate::geography::{self, WardMap};
use crate::http::openapi;
use crate::http::operations::Operations;
use crate::identity::keys::SigningKeys;
use crate::identity::passwords::{HashCost, HashQueue, Passwords};
use crate::identity::tokens::TokenMint;
use crate::services::Services;

/// Why a command could not be carried out.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Prints why, and gives the exit code of failure.
pub fn fail(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("wardlink: {error}");
    ExitCode::FAILURE
}

/// JSON lines on standard error; `RUST_LOG` chooses what.
pub fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_unset| EnvFilter::new("info,actix_server=warn"));
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}

/// A multi-threaded runtime, which migrations need.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?)
}

/// The services of `config` on `database`, which has the current schema.
pub async fn services(config: Config, database: &Database) -> Result<Services, Failure> {
    let clock = Clock::System;
    let keys = Arc::new(SigningKeys::open(config.data.join("keys.json"), clock.now())?);
    let tokens = TokenMint::new(
        keys.clone(),
        config.issuer.clone(),
        config.issuer.clone(),
        Duration::minutes(15),
    )?;
    let db = Pools::connect(
        &database.app_url,
        &database.worker_url,
        config.connections,
        config.connection_wait,
    )?;
    let wards = geography::queries::load_wards(&mut *db.worker.get().await?).await?;
    Ok(Services {
        clock,
        tokens,
        keys,
        passwords: Passwords::new(HashCost::default(), HashQueue::default())?,
        wards: RwLock::new(Arc::new(WardMap::new(wards))),
        workflows: Arc::new(workflows()?),
        store: Store::open(&config.attachments)?,
        scanner: scanner(&config.scanner)?,
        operations: Operations::of(&openapi::document()),
        db,
        config,
    })
}

/// The case types, or every fault in their files.
fn workflows() -> Result<Catalogue, Failure> {
    Catalogue::built_in().map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        lines.join("\n").into()
    })
}

/// `built-in`, `off`, `clamd:ADDRESS` or `command:PROGRAM`.
fn scanner(setting: &str) -> Result<Scanner, Failure> {
    match setting.split_once(':').unwrap_or((setting, "")) {
        ("built-in", "") => Ok(Scanner::BuiltIn),
        ("off", "") => Ok(Scanner::Off),
        ("clamd", address) => Ok(Scanner::Clamd(address.parse::<ClamdAddress>()?)),
        ("command", program) => Ok(Scanner::Command {
            program: program.into(),
            arguments: Vec::new(),
        }),
        _ => Err(
            format!("WARDLINK_SCANNER: `{setting}` is none of built-in, off, clamd:ADDRESS, command:PROGRAM").into(),
        ),
    }
}
