//! Connections, one pool per database role.

use std::time::Duration;

use ::deadpool::Runtime;
use ::deadpool::managed::TimeoutType;
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::pooled_connection::deadpool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::FutureExt;

use crate::error::{AppError, Result};

/// A pooled connection.
pub type Connection = deadpool::Object<AsyncPgConnection>;

/// A bounded set of connections that all act as one database role.
#[derive(Clone)]
pub struct Pool {
    connections: deadpool::Pool<AsyncPgConnection>,
}

/// The pools of a running service.
#[derive(Clone)]
pub struct Pools {
    /// Requests: `wardlink_app`, subject to row-level security.
    pub app: Pool,
    /// Jobs: `wardlink_worker`, with the little that jobs need.
    pub worker: Pool,
    /// Readiness, which must not wait for requests: one connection as [`Pools::app`].
    pub health: Pool,
}

impl Pools {
    /// Pools on one database, perhaps by different logins; `size` is the number of
    /// connections for requests, and `wait` how long one waits for a connection to come
    /// free before it is answered 503. A connection that has to be made takes some twenty
    /// round trips, so it gets longer.
    ///
    /// # Errors
    /// If the pool cannot be configured. No connection is made yet.
    pub fn connect(app_url: &str, worker_url: &str, size: usize, wait: Duration) -> Result<Self> {
        Ok(Self {
            app: Pool::new(app_url, super::roles::APP, size, wait)?,
            worker: Pool::new(worker_url, super::roles::WORKER, 2, wait)?,
            health: Pool::new(app_url, super::roles::APP, 1, wait)?,
        })
    }
}

impl Pool {
    fn new(url: &str, role: &'static str, size: usize, wait: Duration) -> Result<Self> {
        let mut config = ManagerConfig::<AsyncPgConnection>::default();
        config.recycling_method = RecyclingMethod::Fast;
        config.custom_setup = Box::new(move |url| {
            let url = url.to_owned();
            async move { establish_as(&url, role).await }.boxed()
        });
        let manager = AsyncDieselConnectionManager::new_with_config(url, config);
        deadpool::Pool::builder(manager)
            .max_size(size)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(wait))
            .create_timeout(Some(wait.max(CONNECTING)))
            .build()
            .map(|connections| Self { connections })
            .map_err(|error| AppError::Internal(format!("pool: {error}")))
    }

    /// A connection, or 503 when none comes free or can be made in time.
    ///
    /// # Errors
    /// [`AppError::Unavailable`].
    pub async fn get(&self) -> Result<Connection> {
        self.connections.get().await.map_err(|error| {
            AppError::Unavailable(match error {
                deadpool::PoolError::Timeout(TimeoutType::Wait) => "all database connections are busy".to_owned(),
                error => format!("no database connection: {error}"),
            })
        })
    }

    /// Connections that are open, and those of them at rest.
    pub fn usage(&self) -> (usize, usize) {
        let status = self.connections.status();
        (status.size, status.available)
    }
}

/// How long making a connection may take: some twenty round trips, with TLS, so a database
/// 70 ms away is reached. One that was begun while the network swallowed everything keeps
/// nobody waiting for longer once it is back.
const CONNECTING: Duration = Duration::from_millis(1_500);

/// Opens a connection and takes on `role`, with bounded waits. A statement whose client
/// is gone is given up soon after: the pool has put another connection in its place.
///
/// A login that is the role already keeps it; any other login (the embedded
/// server's owner, or the one in `DATABASE_URL`) lays its own rights down.
async fn establish_as(url: &str, role: &str) -> ConnectionResult<AsyncPgConnection> {
    #[expect(clippy::disallowed_methods, reason = "the pool is where connections are made")]
    let mut connection = super::login::connect(url).await?;
    connection
        .batch_execute(&format!(
            "SET ROLE {role}; SET search_path = wardlink, pg_temp; \
             SET statement_timeout = '5s'; SET lock_timeout = '2s'; \
             SET idle_in_transaction_session_timeout = '30s'; SET client_connection_check_interval = '500ms'; \
             SET TimeZone = 'UTC'; SET jit = off"
        ))
        .await
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    super::tx::prime(&mut connection, role == super::roles::APP)
        .await
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(connection)
}
