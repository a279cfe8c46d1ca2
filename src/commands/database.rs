//! Which database: the one in `DATABASE_URL`, or the embedded one.

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

use super::start::{self, Failure};
use crate::config::Config;
use crate::db::embedded::{self, Durability, EmbeddedPostgres, Settings};
use crate::db::{login, roles};

/// The name of the embedded server's database.
const NAME: &str = "wardlink";

/// A reachable database and the logins for it.
pub struct Database {
    /// A login that may migrate.
    pub admin_url: String,
    /// The login of the request pool.
    pub app_url: String,
    /// The login of the job pool.
    pub worker_url: String,
    /// The login of the auditor.
    auditor_url: String,
    embedded: Option<EmbeddedPostgres>,
}

impl Database {
    /// Finds the configured database, starting the embedded server if there is none.
    pub fn open(config: &Config) -> Result<Self, Failure> {
        let Some(url) = config.database_url.clone() else {
            return Self::embedded(config);
        };
        Ok(Self {
            admin_url: config.migration_url.clone().unwrap_or_else(|| url.clone()),
            worker_url: config.worker_url.clone().unwrap_or_else(|| url.clone()),
            auditor_url: config.auditor_url.clone().unwrap_or_else(|| url.clone()),
            app_url: url,
            embedded: None,
        })
    }

    fn embedded(config: &Config) -> Result<Self, Failure> {
        let server = embedded::start(&Settings {
            data_dir: config.data.join("postgres"),
            durability: Durability::Durable,
        })?;
        start::runtime()?.block_on(create_database(&server.admin_url()))?;
        Ok(Self {
            admin_url: server.url(NAME, embedded::ADMIN),
            app_url: server.url(NAME, roles::APP),
            worker_url: server.url(NAME, roles::WORKER),
            auditor_url: server.url(NAME, roles::AUDITOR),
            embedded: Some(server),
        })
    }

    /// Whether `serve` brings the schema up to date: on the embedded server, or
    /// where a login for it was given. Elsewhere `wardlink migrate` is its own step.
    pub fn is_ours_to_migrate(&self, config: &Config) -> bool {
        self.embedded.is_some() || config.migration_url.is_some()
    }

    /// The login of the request pool, for work whose end may be lost where the machine
    /// fails: on the embedded server a request is answered before it is on the disk. It
    /// follows within a second, in order, and before anybody else's next commit.
    pub fn relaxed_app_url(&self) -> String {
        match &self.embedded {
            Some(_) => format!("{}?options=-c%20synchronous_commit%3Doff", self.app_url),
            None => self.app_url.clone(),
        }
    }

    /// A connection that may read the log, all of it and nothing else.
    pub async fn auditor(&self) -> Result<AsyncPgConnection, Failure> {
        #[expect(clippy::disallowed_methods, reason = "a verification has a login of its own")]
        let mut connection = login::connect(&self.auditor_url).await?;
        let role = roles::AUDITOR;
        connection
            .batch_execute(&format!(
                "SET ROLE {role}; SET search_path = wardlink, pg_temp; SET TimeZone = 'UTC'"
            ))
            .await?;
        Ok(connection)
    }

    /// Stops the embedded server, if that is what it is.
    pub fn close(self) -> Result<(), Failure> {
        self.embedded
            .map_or(Ok(()), |server| server.stop().map_err(Failure::from))
    }
}

async fn create_database(admin_url: &str) -> Result<(), Failure> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a database is made before there is a pool on it"
    )]
    let mut connection = login::connect(admin_url).await?;
    let made = connection.batch_execute(&format!("CREATE DATABASE {NAME}")).await;
    match made {
        Err(error) if !error.to_string().contains("already exists") => Err(error.into()),
        _ => Ok(()),
    }
}
