//! `wardlink serve`.

use std::net::TcpListener;

use actix_web::web;
use tokio::signal::unix::{SignalKind, signal};

use super::database::Database;
use super::start::{self, Failure};
use crate::config::Config;
use crate::http::server;
use crate::services::Services;

/// Options of `serve`.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Serve a database that holds demo accounts, whose password everybody knows.
    #[arg(long)]
    demo: bool,
}

/// Migrates, then serves until told to stop.
pub fn run(config: Config, options: Serve) -> Result<(), Failure> {
    let listener =
        TcpListener::bind(config.listen).map_err(|error| format!("cannot listen on {}: {error}", config.listen))?;
    let database = Database::open(&config)?;
    let runtime = start::runtime()?;
    if database.is_ours_to_migrate(&config) {
        runtime.block_on(crate::db::migrate::migrate(&database.admin_url))?;
    }
    let services = runtime.block_on(start::services(config, &database))?;
    if !options.demo && runtime.block_on(crate::demo::is_present(&services))? {
        return Err("this database holds demo accounts; serve it with --demo, or use another database".into());
    }
    drop(runtime);
    until_stopped(listener, web::Data::new(services))?;
    database.close()
}

/// Serves on `listener` until SIGINT or SIGTERM, then lets requests finish.
pub fn until_stopped(listener: TcpListener, services: web::Data<Services>) -> Result<(), Failure> {
    let address = listener.local_addr()?;
    let workers = services.config.workers;
    actix_web::rt::System::new().block_on(async move {
        let jobs = actix_web::rt::spawn(crate::jobs::run(services.clone()));
        let running = server::serve(listener, services, workers)?;
        let handle = running.handle();
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        actix_web::rt::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            handle.stop(true).await;
        });
        tracing::info!("serving on http://{address}");
        running.await?;
        jobs.abort();
        Ok::<_, Failure>(())
    })
}
