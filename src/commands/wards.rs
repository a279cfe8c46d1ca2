//! `wardlink wards`: boundaries of wards.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::NaiveDate;
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use uuid::Uuid;

use super::database::Database;
use super::start::{self, Failure};
use crate::config::Config;
use crate::geography::import::{ImportTerms, read_wards};
use crate::geography::succession::{endings, left_behind};
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
    let (written, ended, left) = start::runtime()?.block_on(async {
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
        let priorities = geography::standing_priorities(&mut connection).await?;
        let wards = geography::load_wards(&mut connection).await?;
        let left = left_behind(priorities, &wards, import.valid_from);
        Ok::<_, Failure>((written, endings.len(), left))
    })?;
    eprintln!(
        "wardlink: {written} ward versions from {} stand from {}; {ended} before them end the day before. \
         A service that runs takes them up when it is restarted.",
        import.file.display(),
        import.valid_from
    );
    if !left.is_empty() {
        eprintln!("{}", what_is_left(&left, import.valid_from));
    }
    database.close()
}

/// Which priorities stand in wards that do not. By their ids: what they say is for those who
/// set them.
fn what_is_left(left: &BTreeMap<String, Vec<Uuid>>, day: NaiveDate) -> String {
    let mut lines = vec![format!(
        "wardlink: these ward priorities have no successor, and from {day} on no ward. Whoever recorded one sets it \
         anew for a ward that stands (`replaces`), or says how it ended."
    )];
    lines.extend(left.iter().map(|(gss, priorities)| {
        let ids: Vec<String> = priorities.iter().map(Uuid::to_string).collect();
        format!("  {gss}: {}", ids.join(", "))
    }));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_told_ward_by_ward() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let left = BTreeMap::from([
            ("E05000131".to_owned(), vec![one]),
            ("E05000139".to_owned(), vec![one, two]),
        ]);

        let text = what_is_left(&left, "2022-05-05".parse().unwrap());

        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].contains("from 2022-05-05 on no ward"), "{text}");
        assert_eq!(lines[1], format!("  E05000131: {one}"));
        assert_eq!(lines[2], format!("  E05000139: {one}, {two}"));
    }
}
