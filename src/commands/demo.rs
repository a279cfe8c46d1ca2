//! `wardlink demo`.

use std::net::TcpListener;

use super::database::Database;
use super::serve;
use super::start::{self, Failure};
use crate::config::Config;

/// Options of `demo`.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// Serve the demo afterwards.
    #[arg(long)]
    serve: bool,
}

/// Seeds the demo if it is not there, and serves it if asked.
pub fn run(config: Config, options: Demo) -> Result<(), Failure> {
    let listener =
        TcpListener::bind(config.listen).map_err(|error| format!("cannot listen on {}: {error}", config.listen))?;
    let database = Database::open(&config)?;
    let runtime = start::runtime()?;
    runtime.block_on(crate::db::migrate::migrate(&database.admin_url))?;
    let services = runtime.block_on(start::services(config, &database))?;
    drop(runtime);
    if options.serve {
        serve::until_stopped(listener, services)?;
    }
    database.close()
}
