//! `wardlink demo`.

use std::future::ready;
use std::net::TcpListener;
use std::sync::Arc;

use actix_web::web;
use tokio::runtime::Runtime;

use super::database::Database;
use super::serve;
use super::start::{self, Failure, Groundwork};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::{Pools, migrate};
use crate::demo;
use crate::identity::passwords::{Password, Passwords};
use crate::identity::secrets::Secrets;
use crate::limits::Rates;

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
    let runtime = start::runtime()?;
    let groundwork = start::begin_groundwork(&runtime);
    let database = Database::open(&config)?;
    runtime.block_on(migrate::migrate(&database.admin_url))?;
    let groundwork = runtime.block_on(groundwork)?;
    let is_new = runtime.block_on(seed_people(&config, &database, groundwork.passwords.clone()))?;
    if is_new {
        play(&runtime, &config, &database, groundwork.clone())?;
    }
    let services = runtime.block_on(start::services(config, &database, ready(Ok(groundwork))))?;
    drop(runtime);
    let services = web::Data::new(services);
    let address = listener.local_addr()?;
    if options.serve {
        introduce(&format!("http://{address}"));
        serve::until_stopped(listener, services, None)?;
    }
    database.close()
}

/// Plays the demo's cases at the times they are said to have happened, with nothing
/// that slows down whoever does much at once.
fn play(runtime: &Runtime, config: &Config, database: &Database, groundwork: Groundwork) -> Result<(), Failure> {
    let mut config = config.clone();
    config.limits = Rates::OFF;
    let (size, wait) = (config.connections, config.connection_wait);
    let mut services = runtime.block_on(start::services(config, database, ready(Ok(groundwork))))?;
    // Some three hundred commits that nobody was promised need not wait for the disk.
    services.db = Pools::connect(&database.relaxed_app_url(), &database.worker_url, size, wait)?;
    services.clock = Clock::fixed(services.clock.now());
    actix_web::rt::System::new().block_on(demo::cases::play(web::Data::new(services)))
}

/// Seeds organisations and people once. Answers whether it did.
async fn seed_people(config: &Config, database: &Database, passwords: Passwords) -> Result<bool, Failure> {
    let mut owner = migrate::as_owner(&database.admin_url).await?;
    if crate::identity::has_demo_users_at(&mut owner).await? {
        return Ok(false);
    }
    let now = Clock::System.now();
    // Peppered as at a sign-in, which would otherwise hash it anew for each account.
    let secrets = Secrets::open(config.data.join("secrets.json"), now)?;
    let passwords = passwords.peppered(Arc::new(secrets));
    let hash = passwords.hash(&Password::from(demo::accounts::PASSWORD)).await?;
    demo::people::seed(&mut owner, &hash, now).await?;
    Ok(true)
}

/// Says who can sign in, where to read, and what to try.
fn introduce(base: &str) {
    println!("\nWardlink serves invented demo data on {base}\n");
    println!("Accounts, all with the password {}:", demo::accounts::PASSWORD);
    for (email, post) in demo::accounts::accounts() {
        println!("  {email:<32} {post}");
    }
    println!("\nThe API, to browse: {base}/docs/\n\nTry:");
    println!(
        "  TOKEN=$(curl -s {base}/v1/auth/login -H 'Content-Type: application/json' -d \
         '{{\"email\":\"sgt.kentish-town@met.example\",\"password\":\"{}\"}}' | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')",
        demo::accounts::PASSWORD
    );
    println!("  curl -s {base}/v1/cases -H \"Authorization: Bearer $TOKEN\"");
    println!("  curl -s '{base}/v1/tasks?direction=outgoing' -H \"Authorization: Bearer $TOKEN\"\n");
}
