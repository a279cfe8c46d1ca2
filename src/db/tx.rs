//! A transaction that sees one organisation.
//!
//! It is opened by the doors alone. [`Tx`] dereferences to the connection, which
//! is what lets diesel run on it; the lints keep raw SQL, which could change the
//! context, out of the rest of the tree.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, Bool, Inet, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel::{QueryResult, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::join;
use ipnetwork::IpNetwork;
use uuid::Uuid;

use super::pool::{Connection, Pool};
use super::schema::audit_events;
use crate::audit::{self, NewAuditEvent};
use crate::error::{AppError, Result};

/// How long a round trip may take: as long as the server lets a statement run. A
/// database that does not even say that it gave up is one that cannot be reached.
pub const TRIP: Duration = Duration::from_secs(5);

/// What a round trip brought, if it came back in time.
///
/// # Errors
/// [`AppError::Unavailable`] if it did not; its connection is of no use any more.
pub async fn in_time<T>(trip: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(TRIP, trip).await.map_err(|_elapsed| silent())
}

/// The refusal where nothing comes from the database any more (503).
pub fn silent() -> AppError {
    AppError::Unavailable("the database did not answer in time".to_owned())
}

/// An open transaction on a pooled connection.
///
/// Ends by [`Tx::log_and_commit`], [`Tx::undo_and_log`] or [`Tx::commit`]. If it is
/// dropped before that (the client hung up, the handler panicked), the connection is
/// closed instead of going back to the pool, so no context and no open transaction
/// stays behind.
pub struct Tx(Option<Connection>);

/// What [`enter`](Tx::enter) found out about the person behind a request.
#[derive(Debug, Clone, QueryableByName)]
pub struct Entry {
    /// `entered`, `forbidden` or `unauthenticated`.
    #[diesel(sql_type = Text)]
    pub verdict: String,
    /// The person's organisation.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub org_id: Option<Uuid>,
    /// Its kind: `police`, `council`, `housing`, …
    #[diesel(sql_type = Nullable<Text>)]
    pub org_kind: Option<String>,
    /// The person's name.
    #[diesel(sql_type = Nullable<Text>)]
    pub user_name: Option<String>,
    /// The person's rank or grade, as it is now.
    #[diesel(sql_type = Nullable<Text>)]
    pub rank: Option<String>,
    /// The organisation's policy on `Access-Justification`.
    #[diesel(sql_type = Nullable<Text>)]
    pub justification: Option<String>,
    /// The grants that carry the permission: `[{role, areas, case_types}]`.
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub grants: Option<serde_json::Value>,
    /// Where a system may call from; anywhere where that is not said.
    #[diesel(sql_type = Nullable<Array<Inet>>)]
    pub networks: Option<Vec<IpNetwork>>,
    /// Whether it has to name the officer behind what it changes.
    #[diesel(sql_type = Nullable<Bool>)]
    pub needs_acting_officer: Option<bool>,
    /// Whether its organisation asks for a second factor, and it has none.
    #[diesel(sql_type = Nullable<Bool>)]
    pub lacks_second_factor: Option<bool>,
}

/// `select * from enter($1, $2, $3)`, prepared once per connection.
struct Enter<'a> {
    user: Uuid,
    session: Uuid,
    permission: &'a str,
}

impl QueryId for Enter<'_> {
    type QueryId = Enter<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for Enter<'_> {
    type SqlType = diesel::sql_types::Untyped;
}

impl QueryFragment<Pg> for Enter<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT * FROM enter(");
        out.push_bind_param::<SqlUuid, _>(&self.user)?;
        out.push_sql(", ");
        out.push_bind_param::<SqlUuid, _>(&self.session)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.permission)?;
        out.push_sql(")");
        Ok(())
    }
}

/// A statement without parameters, sent like any other prepared statement.
///
/// diesel-async sends prepared statements in the order in which they are asked
/// for, even those it has to prepare first. `batch_execute` would overtake them.
struct Command(&'static str);

impl QueryId for Command {
    type QueryId = Self;

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Command {
    type SqlType = diesel::sql_types::Untyped;
}

impl QueryFragment<Pg> for Command {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(self.0);
        Ok(())
    }
}

impl<C> diesel::RunQueryDsl<C> for Command {}

async fn send(mut connection: &AsyncPgConnection, command: &'static str) -> QueryResult<()> {
    Command(command).execute(&mut connection).await.map(drop)
}

impl Tx {
    /// Takes a connection for a transaction that is begun by [`Tx::enter`] or
    /// [`Tx::begin`].
    ///
    /// # Errors
    /// [`crate::error::AppError::Unavailable`] when none comes free in time.
    pub async fn open(pool: &Pool) -> Result<Self> {
        Ok(Self(Some(pool.get().await?)))
    }

    /// Begins for a signed-in person and sets their context. Whatever is sent
    /// together with this, after it, is in the same round trip. Where the verdict is
    /// not `entered` there is no context: the transaction sees nothing and can write
    /// nothing but a refusal to the log.
    ///
    /// # Errors
    /// If the database cannot be reached.
    pub async fn enter(&self, user: Uuid, session: Uuid, permission: &str) -> Result<Entry> {
        let mut connection: &AsyncPgConnection = self;
        let enter = Enter {
            user,
            session,
            permission,
        };
        let trip = async { join!(send(self, "BEGIN"), enter.get_result::<Entry>(&mut connection)) };
        let (begun, entry) = in_time(trip).await?;
        begun?;
        Ok(entry?)
    }

    /// Begins without any context.
    ///
    /// # Errors
    /// If the database cannot be reached.
    pub async fn begin(&self) -> Result<()> {
        Ok(in_time(send(self, "BEGIN")).await??)
    }

    /// Sends `writes`, the audit event and COMMIT, in one round trip. So `writes` sends
    /// all it has at once: what it sent after an answer would come after COMMIT.
    ///
    /// COMMIT of a failed transaction succeeds as a rollback, so the results of the
    /// others decide.
    ///
    /// # Errors
    /// That of `writes`, or [`crate::error::AppError::Unavailable`] if the event could
    /// not be written: then nothing was changed. If COMMIT itself was not confirmed,
    /// whether the changes were made is unknown.
    pub async fn log_and_commit(
        &mut self,
        writes: impl AsyncFnOnce(&AsyncPgConnection) -> Result<()>,
        event: &NewAuditEvent,
    ) -> Result<()> {
        let connection: &AsyncPgConnection = self;
        let trip = async {
            join!(
                writes(connection),
                audit::insert(connection, event),
                send(connection, "COMMIT")
            )
        };
        let (written, logged, committed) = in_time(trip).await?;
        written?;
        logged?;
        committed?;
        drop(self.0.take());
        Ok(())
    }

    /// Undoes everything, and logs `event` in a transaction of its own without
    /// context: one round trip.
    ///
    /// # Errors
    /// As [`Tx::log_and_commit`].
    pub async fn undo_and_log(&mut self, event: &NewAuditEvent) -> Result<()> {
        let connection: &AsyncPgConnection = self;
        let trip = async {
            join!(
                send(connection, "ROLLBACK"),
                send(connection, "BEGIN"),
                audit::insert(connection, event),
                send(connection, "COMMIT")
            )
        };
        let (undone, begun, logged, committed) = in_time(trip).await?;
        undone.and(begun)?;
        logged?;
        committed?;
        drop(self.0.take());
        Ok(())
    }

    /// Finds out whether the log can be written, and leaves nothing in it.
    ///
    /// # Errors
    /// [`crate::error::AppError::Unavailable`] if it cannot.
    pub async fn try_log(mut self) -> Result<()> {
        let trip = async {
            audit::insert(&self, &NewAuditEvent::blank("probe")).await?;
            send(&self, "ROLLBACK").await.map_err(AppError::from)
        };
        in_time(trip).await??;
        drop(self.0.take());
        Ok(())
    }

    /// Makes the changes permanent and gives the connection back, ahead of another
    /// transaction in this one's place.
    ///
    /// # Errors
    /// If the database did not confirm.
    pub async fn let_go(&mut self) -> Result<()> {
        in_time(send(self, "COMMIT")).await??;
        drop(self.0.take());
        Ok(())
    }

    /// Whether it still has its connection.
    pub fn is_open(&self) -> bool {
        self.0.is_some()
    }

    /// Leaves everything as it was and gives the connection back.
    ///
    /// # Errors
    /// If the database cannot be reached; then the connection is closed.
    pub async fn roll_back(mut self) -> Result<()> {
        in_time(send(&self, "ROLLBACK")).await??;
        drop(self.0.take());
        Ok(())
    }

    /// Makes the changes permanent and gives the connection back.
    ///
    /// # Errors
    /// If the database did not confirm. Whether the changes were made is then unknown.
    pub async fn commit(mut self) -> Result<()> {
        in_time(send(&self, "COMMIT")).await??;
        drop(self.0.take());
        Ok(())
    }
}

impl Deref for Tx {
    type Target = AsyncPgConnection;

    #[expect(
        clippy::expect_used,
        reason = "the connection is taken only by what ends the transaction; whoever lets go of it looks before"
    )]
    fn deref(&self) -> &AsyncPgConnection {
        self.0.as_ref().expect("an open transaction has its connection")
    }
}

impl DerefMut for Tx {
    #[expect(
        clippy::expect_used,
        reason = "the connection is taken only by what ends the transaction; whoever lets go of it looks before"
    )]
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        self.0.as_mut().expect("an open transaction has its connection")
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            // Detached from the pool, the connection closes and the server rolls back.
            drop(Connection::take(connection));
        }
    }
}

/// Prepares on a fresh connection the statements that every request sends, so that
/// the first request does not wait for it; where people are let in, that of letting them
/// in too. Also finds out early that the log cannot be written.
pub(super) async fn prime(connection: &mut AsyncPgConnection, lets_in: bool) -> QueryResult<()> {
    let nobody = Enter {
        user: Uuid::nil(),
        session: Uuid::nil(),
        permission: "",
    };
    send(connection, "BEGIN").await?;
    let entered = match lets_in {
        true => nobody.get_result::<Entry>(connection).await.map(drop),
        false => Ok(()),
    };
    let logged = diesel::insert_into(audit_events::table)
        .values(&NewAuditEvent::blank("job.prime"))
        .execute(connection)
        .await;
    send(connection, "ROLLBACK").await?;
    send(connection, "BEGIN").await?;
    send(connection, "COMMIT").await?;
    entered.and(logged).map(drop)
}
