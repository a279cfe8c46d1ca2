//! What the command line offers.

mod audit;
mod database;
mod demo;
mod keys;
mod migrate;
mod openapi;
mod operator;
mod postgres;
mod production;
mod reload;
mod serve;
mod start;
mod wards;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;

/// Police, councils and housing providers share cases and tasks across wards.
#[derive(Debug, Parser)]
#[command(name = "wardlink", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the API.
    Serve(serve::Serve),
    /// Seeds the demo data once, and with --serve serves it.
    Demo(demo::Demo),
    /// Brings the database to the current schema.
    Migrate,
    /// Keys and secrets.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Ward boundaries.
    #[command(subcommand)]
    Wards(wards::Wards),
    /// Who runs the platform.
    #[command(subcommand)]
    Operator(operator::Operator),
    /// The audit log.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Prints the OpenAPI document.
    Openapi,
    /// Runs a command beside an embedded PostgreSQL.
    WithPostgres(postgres::WithPostgres),
}

/// Parses the command line and does what it says.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.command {
        Command::WithPostgres(with) => return postgres::run(&with),
        Command::Openapi => return openapi::run(),
        _ => {}
    }
    start::log_to_stderr();
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(error) => return start::fail(&error),
    };
    let outcome = match arguments.command {
        Command::Serve(serve) => serve::run(config, serve),
        Command::Demo(demo) => demo::run(config, demo),
        Command::Migrate => migrate::run(config),
        Command::Keys(keys) => keys::run(&config, keys),
        Command::Wards(wards) => wards::run(config, wards),
        Command::Operator(operator) => operator::run(config, operator),
        Command::Audit(audit) => audit::run(config, audit),
        Command::Openapi | Command::WithPostgres(_) => Ok(()),
    };
    outcome.map_or_else(|error| start::fail(&error), |()| ExitCode::SUCCESS)
}
