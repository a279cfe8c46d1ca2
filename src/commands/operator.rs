//! `wardlink operator`: who runs the platform, and what only they can do.

use std::io::{BufRead, IsTerminal, Read};
use std::path::PathBuf;

use super::database::Database;
use super::start::{self, Failure};
use crate::config::Config;
use crate::db::migrate;
use crate::http::fields::Text;
use crate::identity::passwords::Password;
use crate::identity::{self, NewOperator, email};

/// The most that is read of a password.
const LONGEST: u64 = 4096;

/// What can be done about operators.
#[derive(Debug, clap::Subcommand)]
pub enum Operator {
    /// Makes the first operator of a new database.
    ///
    /// The password comes from the terminal, from standard input, or from a file; never
    /// from the command line, which others on the machine can read.
    Create(Create),
    /// Makes somebody the administrator of their organisation, where it has none.
    ///
    /// For an organisation whose only administrator has left, or has a role that is limited
    /// to wards or case types. The organisation reads so in its log.
    Appoint(Appoint),
}

/// Options of `operator appoint`.
#[derive(Debug, clap::Args)]
pub struct Appoint {
    /// The address they sign in with.
    #[arg(long)]
    email: String,
}

/// Options of `operator create`.
#[derive(Debug, clap::Args)]
pub struct Create {
    /// The address the operator signs in with.
    #[arg(long)]
    email: String,
    /// The operator's name.
    #[arg(long)]
    name: String,
    /// The name of the platform's own organisation, where it has to be made.
    #[arg(long, default_value = "Platform")]
    organisation: String,
    /// A file whose first line is the password, instead of standard input.
    #[arg(long)]
    password_file: Option<PathBuf>,
}

/// Does what `operator` says.
pub fn run(config: Config, operator: Operator) -> Result<(), Failure> {
    match operator {
        Operator::Create(create) => run_create(config, &create),
        Operator::Appoint(appoint) => run_appoint(&config, &appoint),
    }
}

fn run_appoint(config: &Config, appoint: &Appoint) -> Result<(), Failure> {
    let email = email::normal(&text(&appoint.email, "email")?, "--email")?;
    let database = Database::open(config)?;
    let appointed = start::runtime()?.block_on(async {
        migrate::migrate(&database.admin_url).await?;
        let mut owner = migrate::as_owner(&database.admin_url).await?;
        Ok::<_, Failure>(identity::appoint_administrator(&mut owner, &email).await?)
    });
    database.close()?;
    eprintln!("wardlink: {email} is an administrator, {}", appointed?);
    Ok(())
}

fn run_create(config: Config, create: &Create) -> Result<(), Failure> {
    let email = email::normal(&text(&create.email, "email")?, "--email")?;
    let name: Text<1, 200> = text(&create.name, "name")?;
    let organisation: Text<1, 200> = text(&create.organisation, "organisation")?;
    let password = Password::from(read_password(create.password_file.as_ref())?.as_str());
    let runtime = start::runtime()?;
    let groundwork = start::begin_groundwork(&runtime);
    let database = Database::open(&config)?;
    let made = runtime.block_on(async {
        migrate::migrate(&database.admin_url).await?;
        let passwords = start::services(config, &database, groundwork).await?.passwords;
        let context = [email.as_str(), name.as_str(), organisation.as_str(), "wardlink"];
        passwords.check_new(&password, &context, "").await?;
        let new = NewOperator {
            password_hash: passwords.hash(&password).await?,
            email: email.clone(),
            name: name.into_string(),
            organisation: organisation.into_string(),
        };
        let mut owner = migrate::as_owner(&database.admin_url).await?;
        Ok::<_, Failure>(identity::create_first_operator(&mut owner, &new).await?)
    });
    database.close()?;
    eprintln!("wardlink: {email} is the operator, {}", made?);
    Ok(())
}

/// An option, held to the limits of the API.
fn text<const MIN: usize, const MAX: usize>(value: &str, option: &str) -> Result<Text<MIN, MAX>, Failure> {
    serde_json::from_value(value.into()).map_err(|error| format!("--{option}: {error}").into())
}

/// The password: from the file, asked for twice at a terminal, or the first line of
/// standard input.
fn read_password(file: Option<&PathBuf>) -> Result<String, Failure> {
    let first_line = |mut source: Box<dyn Read>| -> Result<String, Failure> {
        let mut line = String::new();
        std::io::BufReader::new(source.by_ref().take(LONGEST)).read_line(&mut line)?;
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    };
    if let Some(path) = file {
        let opened = std::fs::File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
        return first_line(Box::new(opened));
    }
    if !std::io::stdin().is_terminal() {
        return first_line(Box::new(std::io::stdin()));
    }
    let password = rpassword::prompt_password("Password of the operator: ")?;
    if rpassword::prompt_password("The same again: ")? != password {
        return Err("the two passwords differ".into());
    }
    Ok(password)
}
