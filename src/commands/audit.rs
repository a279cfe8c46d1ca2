//! `wardlink audit`: is the log what was sealed and signed?

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::database::Database;
use super::start::{self, Failure};
use crate::audit::bundle::{self, Consistency, Elsewhere};
use crate::audit::checkpoint::Checkpoint;
use crate::audit::copy;
use crate::audit::notary::Notary;
use crate::audit::note::{Note, VerifierKey};
use crate::audit::verify;
use crate::config::Config;

/// What can be done with the log.
#[derive(Debug, clap::Subcommand)]
pub enum Audit {
    /// Verifies the log of the database, a bundle that was exported from it, or a copy.
    Verify(Verify),
    /// Prints the public key that verifies the checkpoints.
    Key,
}

/// Options of `audit verify`.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// A checkpoint kept elsewhere, to find a rollback or another history: its note, or all that
    /// GET /v1/audit/checkpoints/latest answered; may be given again.
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// What GET /v1/audit/consistency answered, to hold a bundle against an older or
    /// newer checkpoint; may be given again.
    #[arg(long, value_name = "FILE", requires = "bundle")]
    consistency: Vec<PathBuf>,
    /// The key of the log, NAME+ID+KEY [default: that of the data folder]
    #[arg(long)]
    key: Option<VerifierKey>,
    /// A bundle, verified by itself: needs neither server nor database
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// The folder of a copy (WARDLINK_AUDIT_COPY), held against checkpoints by itself: needs
    /// neither server nor database
    #[arg(long, value_name = "FOLDER", requires = "checkpoint", conflicts_with = "bundle")]
    copy: Option<PathBuf>,
}

/// Does what `audit` says.
pub fn run(config: Config, audit: Audit) -> Result<(), Failure> {
    match audit {
        Audit::Key => {
            println!("{}", Notary::find(&config)?.verifier());
            Ok(())
        }
        Audit::Verify(verify) => {
            let key = key(&config, &verify)?;
            let elsewhere = elsewhere(&verify.checkpoint, &key)?;
            match (&verify.bundle, &verify.copy) {
                (_, Some(folder)) => verify_copy(folder, &elsewhere),
                (Some(path), None) => {
                    let proofs = consistency(&verify.consistency)?;
                    let elsewhere = Elsewhere {
                        checkpoints: elsewhere,
                        proofs,
                    };
                    verify_bundle(path, &key, &elsewhere)
                }
                (None, None) => verify_database(&config, &key, elsewhere),
            }
        }
    }
}

fn key(config: &Config, verify: &Verify) -> Result<VerifierKey, Failure> {
    match &verify.key {
        Some(key) => Ok(key.clone()),
        None if verify.bundle.is_some() || verify.copy.is_some() => {
            Err("name the key of the log with --key, as you were given it, and not by what is to be verified".into())
        }
        None => Ok(Notary::find(config)?.verifier().clone()),
    }
}

fn elsewhere(paths: &[PathBuf], key: &VerifierKey) -> Result<Vec<Checkpoint>, Failure> {
    paths
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).map_err(|error| named(path, &error))?;
            let note = Note::kept(&text).map_err(|error| named(path, &error))?;
            Checkpoint::open(&note, key).map_err(|error| named(path, &error))
        })
        .collect()
}

fn consistency(paths: &[PathBuf]) -> Result<Vec<Consistency>, Failure> {
    paths
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).map_err(|error| named(path, &error))?;
            serde_json::from_str(&text).map_err(|error| named(path, &error))
        })
        .collect()
}

fn named(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    format!("{}: {error}", path.display()).into()
}

fn verify_database(config: &Config, key: &VerifierKey, elsewhere: Vec<Checkpoint>) -> Result<(), Failure> {
    // The memory beside the key is a checkpoint kept elsewhere, too.
    let memory = match Notary::find(config).and_then(|notary| notary.last()) {
        Ok(checkpoint) => Some(checkpoint),
        Err(error) => {
            println!("not compared with what was signed last: {error}");
            None
        }
    };
    let database = Database::open(config)?;
    let report = start::runtime()?.block_on(async {
        let mut connection = database.auditor().await?;
        Ok::<_, Failure>(verify::database(&mut connection, key, &elsewhere, memory.as_ref()).await?)
    })?;
    database.close()?;
    for finding in &report.findings {
        println!("{finding}");
    }
    if let Some(seq) = report.left_off_at {
        println!("this is enough: what follows event {seq} was not looked at");
    }
    let (leaves, checkpoints, erased) = (report.leaves, report.checkpoints, report.erased);
    if report.unsealed > 0 {
        println!(
            "not sealed yet, and proved by nothing: the last {} events",
            report.unsealed
        );
    }
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

fn verify_bundle(path: &Path, key: &VerifierKey, elsewhere: &Elsewhere) -> Result<(), Failure> {
    let file = File::open(path).map_err(|error| named(path, &error))?;
    let summary = bundle::verify(BufReader::new(file), key, elsewhere)?;
    println!(
        "whole: {} events of a log of {} entries, {} bodies erased",
        summary.events, summary.checkpoint.size, summary.erased
    );
    Ok(())
}

fn verify_copy(folder: &Path, checkpoints: &[Checkpoint]) -> Result<(), Failure> {
    let whole = copy::verify(folder, checkpoints)?;
    println!("whole: {} events, {} bodies erased", whole.events, whole.erased);
    Ok(())
}
