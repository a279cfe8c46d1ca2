//! `wardlink wards`: boundaries of wards.

use std::path::PathBuf;

use chrono::NaiveDate;

use diesel_async::{AsyncConnection as _, AsyncPgConnection};

use super::database::Database;
use super::start::{self, Failure};
use crate::config::Config;
use crate::geography::import::{ImportTerms, read_wards};
use crate::geography::succession::endings;
use crate::geography::{self, Gss};

/// What can be done with wards.
#[derive(Debug, clap::Subcommand)]
pub enum Wards {
    /// Loads ward boundaries from a GeoJSON file of the Office for National Statistics.
    Import(Import),
}

/// Options of `wards import`.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// The file: properties WDxxCD, WDxxNM and LADxxCD; WGS 84.
    file: PathBuf,
    /// The first day on which these wards stand.
    #[arg(long)]
    valid_from: NaiveDate,
    /// The last day, if they were replaced since.
    #[arg(long)]
    valid_to: Option<NaiveDate>,
    /// The local authority, for files that do not say.
    #[arg(long)]
    local_authority: Option<Gss>,
    /// Where the boundaries come from.
    #[arg(long, default_value = "Office for National Statistics, Open Government Licence v3.0")]
    source: String,
}

/// Does what `wards` says.
pub fn run(config: Config, wards: Wards) -> Result<(), Failure> {
    let Wards::Import(import) = wards;
    let text = std::fs::read_to_string(&import.file).map_err(|error| format!("{}: {error}", import.file.display()))?;
    let terms = ImportTerms {
        valid_from: import.valid_from,
        valid_to: import.valid_to,
        source: import.source,
        local_authority: import.local_authority,
    };
    let wards = read_wards(&text, &terms)?;
    let database = Database::open(&config)?;
    let (written, ended) = start::runtime()?.block_on(async {
        crate::db::migrate::migrate(&database.admin_url).await?;
        let mut connection = crate::db::migrate::as_owner(&database.admin_url).await?;
        let known = geography::load_wards(&mut connection).await?;
        let endings = endings(&known, &wards)?;
        let written = connection
            .transaction(async |connection: &mut AsyncPgConnection| {
                geography::end_wards(connection, &endings).await?;
                geography::write_wards(connection, &wards).await
            })
            .await?;
        Ok::<_, Failure>((written, endings.len()))
    })?;
    eprintln!(
        "wardlink: {written} ward versions from {} stand from {}; {ended} before them end the day before. \
         A service that runs takes them up when it is restarted.",
        import.file.display(),
        import.valid_from
    );
    database.close()
}
