//! `wardlink migrate`.

use super::database::Database;
use super::start::{self, Failure};
use crate::config::Config;

/// Brings the database to the current schema.
pub fn run(config: Config) -> Result<(), Failure> {
    let database = Database::open(&config)?;
    start::runtime()?.block_on(crate::db::migrate::migrate(&database.admin_url))?;
    eprintln!("wardlink: the database is at the current schema");
    database.close()
}
