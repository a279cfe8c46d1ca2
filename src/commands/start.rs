//! What every command does first.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use actix_web::web::Bytes;
use chrono::Duration;
use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::database::Database;
use crate::attachments::places::UploadPlaces;
use crate::attachments::store::Store;
use crate::audit::notary::Notary;
use crate::audit::places::ExportPlaces;
use crate::audit::publisher::Publisher;
use crate::cases::workflow::Catalogue;
use crate::clock::{Clock, Steady};
use crate::config::Config;
use crate::db::Pools;
use crate::geography::{self, WardMap};
use crate::http::health::Readiness;
use crate::http::openapi;
use crate::http::operations::Operations;
use crate::identity::breached::Breached;
use crate::identity::keys::SigningKeys;
use crate::identity::passwords::{HashCost, HashQueue, Passwords};
use crate::identity::secrets::Secrets;
use crate::identity::tokens::TokenMint;
use crate::limits::Limits;
use crate::services::Services;

/// Why a command could not be carried out.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Prints why, and gives the exit code of failure.
pub fn fail(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("wardlink: {error}");
    ExitCode::FAILURE
}

/// JSON lines on standard error; `RUST_LOG` chooses what. Of libraries nothing below
/// `info` is written, whatever it says: what they have to tell there are people's
/// words, such as the values bound to a statement.
pub fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_unset| EnvFilter::new("info,actix_server=warn"));
    let capped = Targets::new()
        .with_default(LevelFilter::INFO)
        .with_target("wardlink", LevelFilter::TRACE);
    let lines = tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(filter)
        .with(capped)
        .with(lines)
        .init();
    // What a panic says may quote anything; where it was is enough to find it.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panicked");
    }));
}

/// A multi-threaded runtime, which migrations need.
pub fn runtime() -> Result<Runtime, Failure> {
    Ok(Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

/// What takes a processor a while, and needs neither settings nor a database.
#[derive(Clone)]
pub struct Groundwork {
    /// Without pepper or list of breaches.
    pub passwords: Passwords,
    workflows: Arc<Catalogue>,
    operations: Operations,
    description: Bytes,
}

/// Begins the groundwork at once, on threads of its own, so that the database can be
/// started and reached meanwhile; what is answered waits for its end.
pub fn begin_groundwork(runtime: &Runtime) -> impl Future<Output = Result<Groundwork, Failure>> + use<> {
    let passwords = runtime.spawn_blocking(|| Passwords::new(HashCost::default(), HashQueue::default()));
    let catalogue = runtime.spawn_blocking(workflows);
    let described = runtime.spawn_blocking(described);
    async move {
        let (operations, description) = described.await??;
        Ok(Groundwork {
            passwords: passwords.await??,
            workflows: Arc::new(catalogue.await??),
            operations,
            description,
        })
    }
}

/// The operations, and their description as it is sent.
fn described() -> Result<(Operations, Bytes), Failure> {
    let document = openapi::document();
    Ok((Operations::of(&document), document.to_pretty_json()?.into()))
}

/// The services of `config` on `database`, which has the current schema.
pub async fn services(
    config: Config,
    database: &Database,
    groundwork: impl Future<Output = Result<Groundwork, Failure>>,
) -> Result<Services, Failure> {
    let clock = Clock::System;
    let keys = Arc::new(SigningKeys::open(config.data.join("keys.json"), clock.now())?);
    let tokens = TokenMint::new(
        keys.clone(),
        config.issuer.clone(),
        config.issuer.clone(),
        Duration::minutes(15),
    )?;
    let secrets = Arc::new(Secrets::open(config.data.join("secrets.json"), clock.now())?);
    let db = Pools::connect(
        &database.app_url,
        &database.worker_url,
        config.connections,
        config.connection_wait,
    )?;
    let wards = geography::load_wards(&mut *db.worker.get().await?).await?;
    let steady = Steady::start();
    let groundwork = groundwork.await?;
    Ok(Services {
        clock,
        notary: Notary::open(&config)?,
        publisher: config.checkpoint_url.as_deref().map(Publisher::new).transpose()?,
        exports: ExportPlaces::new(steady.clone()),
        uploads: UploadPlaces::default(),
        tokens,
        keys,
        passwords: groundwork
            .passwords
            .peppered(secrets.clone())
            .refusing(breached(&config)?),
        secrets,
        wards: Arc::new(WardMap::new(wards)),
        workflows: groundwork.workflows,
        store: Store::open(&config.attachments)?,
        scanner: config
            .scanner
            .parse()
            .map_err(|error| format!("WARDLINK_SCANNER: {error}"))?,
        operations: groundwork.operations,
        description: groundwork.description,
        stopping: AtomicBool::new(false),
        limits: Limits::new(&config.limits, &steady),
        readiness: Readiness::new(steady),
        db,
        config,
    })
}

fn breached(config: &Config) -> Result<Breached, Failure> {
    let Some(path) = &config.breached_passwords else {
        return Ok(Breached::None);
    };
    Breached::open(path).map_err(|error| format!("WARDLINK_BREACHED_PASSWORDS: {}: {error}", path.display()).into())
}

/// The case types, or every fault in their files.
fn workflows() -> Result<Catalogue, Failure> {
    Catalogue::built_in().map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        lines.join("\n").into()
    })
}
