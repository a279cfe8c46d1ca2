//! `wardlink audit`: is the log what was sealed and signed?

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::database::Database;
use super::start::{self, Failure};
use crate::audit::bundle;
use crate::audit::checkpoint::Checkpoint;
use crate::audit::notary::Notary;
use crate::audit::note::{Note, VerifierKey};
use crate::audit::verify;
use crate::config::Config;

/// What can be done with the log.
#[derive(Debug, clap::Subcommand)]
pub enum Audit {
    /// Verifies the log of the database, or a bundle that was exported from it.
    Verify(Verify),
    /// Prints the public key that verifies the checkpoints.
    Key,
}

/// Options of `audit verify`.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// A checkpoint kept elsewhere, to find a rollback or another history; may be given again.
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// The key of the log, NAME+ID+KEY [default: that of the data folder]
    #[arg(long)]
    key: Option<VerifierKey>,
    /// A bundle, verified by itself: needs neither server nor database
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
}

/// Does what `audit` says.
pub fn run(config: Config, audit: Audit) -> Result<(), Failure> {
    match audit {
        Audit::Key => {
            println!("{}", Notary::open(&config)?.verifier());
            Ok(())
        }
        Audit::Verify(verify) => {
            let key = key(&config, &verify)?;
            let elsewhere = elsewhere(&verify.checkpoint, &key)?;
            match &verify.bundle {
                Some(path) => verify_bundle(path, &key, &elsewhere),
                None => verify_database(&config, &key, elsewhere),
            }
        }
    }
}

fn key(config: &Config, verify: &Verify) -> Result<VerifierKey, Failure> {
    match &verify.key {
        Some(key) => Ok(key.clone()),
        None if verify.bundle.is_some() => {
            Err("name the key of the log with --key, as you were given it, and not by the bundle".into())
        }
        None => Ok(Notary::open(config)?.verifier().clone()),
    }
}

fn elsewhere(paths: &[PathBuf], key: &VerifierKey) -> Result<Vec<Checkpoint>, Failure> {
    paths
        .iter()
        .map(|path| {
            let named = |error: &dyn std::fmt::Display| Failure::from(format!("{}: {error}", path.display()));
            let text = std::fs::read_to_string(path).map_err(|error| named(&error))?;
            let note: Note = text.parse().map_err(|error| named(&error))?;
            Checkpoint::open(&note, key).map_err(|error| named(&error))
        })
        .collect()
}

fn verify_database(config: &Config, key: &VerifierKey, elsewhere: Vec<Checkpoint>) -> Result<(), Failure> {
    // The memory beside the key is a checkpoint kept elsewhere, too.
    let memory = Notary::open(config)
        .ok()
        .and_then(|notary| notary.last().ok().flatten());
    let database = Database::open(config)?;
    let report = start::runtime()?.block_on(async {
        let mut connection = database.auditor().await?;
        Ok::<_, Failure>(verify::database(&mut connection, key, &elsewhere, memory.as_ref()).await?)
    })?;
    database.close()?;
    for finding in &report.findings {
        println!("{finding}");
    }
    let (leaves, checkpoints, erased) = (report.leaves, report.checkpoints, report.erased);
    if report.is_whole() {
        println!("whole: {leaves} entries, {checkpoints} checkpoints, {erased} bodies erased");
        return Ok(());
    }
    let first = report
        .first_bad()
        .map_or(String::new(), |seq| format!(", first at event {seq}"));
    Err(format!(
        "the log is not what was sealed: {} findings{first}",
        report.findings.len()
    )
    .into())
}

fn verify_bundle(path: &Path, key: &VerifierKey, elsewhere: &[Checkpoint]) -> Result<(), Failure> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let summary = bundle::verify(BufReader::new(file), key, elsewhere)?;
    println!(
        "whole: {} events of a log of {} entries, {} bodies erased",
        summary.events, summary.checkpoint.size, summary.erased
    );
    Ok(())
}
