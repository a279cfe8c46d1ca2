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
    match Arguments::parse().command {
        Command::WithPostgres(with) => postgres::run(&with),
        Command::Openapi => openapi::run(),
        Command::Serve(serve) => with_settings(|config| serve::run(config, serve)),
        Command::Demo(demo) => with_settings(|config| demo::run(config, demo)),
        Command::Migrate => with_settings(migrate::run),
        Command::Keys(keys) => with_settings(|config| keys::run(&config, keys)),
        Command::Wards(wards) => with_settings(|config| wards::run(config, wards)),
        Command::Operator(operator) => with_settings(|config| operator::run(config, operator)),
        Command::Audit(audit) => with_settings(|config| audit::run(config, audit)),
    }
}

/// Does `work` with the settings of the environment, and writes the log meanwhile.
fn with_settings(work: impl FnOnce(Config) -> Result<(), start::Failure>) -> ExitCode {
    start::log_to_stderr();
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(error) => return start::fail(&error),
    };
    work(config).map_or_else(|error| start::fail(&error), |()| ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// The options of a command, and of those beneath it.
    fn options(command: &clap::Command) -> Vec<String> {
        let own = command.get_arguments().map(|option| option.get_id().to_string());
        own.chain(command.get_subcommands().flat_map(options)).collect()
    }

    #[test]
    fn no_secret_is_taken_from_the_command_line_which_others_can_read() {
        let telling = ["password", "secret", "key", "token", "url", "seed"];

        let mut found = options(&Arguments::command());
        found.retain(|option| telling.iter().any(|word| option.contains(*word)));
        found.sort_unstable();

        // A public key, and the names of two files.
        assert_eq!(found, ["key", "password_file", "tls_key"]);
    }
}
