//! Bringing a database to the current schema.

use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::schema::built_in_roles;
use super::{login, roles};
use crate::error::{AppError, Result};

/// The migrations, compiled in. Forward only: expand, migrate, contract.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// Creates roles, runs outstanding migrations and writes the built-in roles.
///
/// `url` is a login that may do so: the embedded server's owner, or the
/// `wardlink_migrator` of an installation. One process at a time does the work;
/// others wait for it.
///
/// # Errors
/// [`AppError::Unavailable`] if the server cannot be reached, else
/// [`AppError::Internal`] with the failing step.
pub async fn migrate(url: &str) -> Result<()> {
    #[expect(clippy::disallowed_methods, reason = "migrations need their own login")]
    let mut connection = login::connect(url)
        .await
        .map_err(|error| AppError::Unavailable(format!("cannot connect to migrate: {error}")))?;
    roles::ensure(&mut connection).await?;
    connection
        .batch_execute("select pg_advisory_lock(hashtext('wardlink migrate'))")
        .await?;
    // A migration need not be on the disk before the next begins: whatever is lost is
    // lost from the end. What is written last waits until all of it is.
    connection.batch_execute("set synchronous_commit = off").await?;
    let mut harness = AsyncMigrationHarness::new(connection);
    harness
        .run_pending_migrations(MIGRATIONS)
        .map_err(|error| AppError::Internal(format!("migration: {error}")))?;
    let mut connection = harness.into_inner();
    allow_indexed_search(&mut connection).await;
    speak_plainly(&mut connection).await;
    become_owner(&mut connection).await?;
    connection.batch_execute("reset synchronous_commit").await?;
    write_built_in_roles(&mut connection).await
}

/// A connection that acts as the owner of the tables, for setting up.
///
/// # Errors
/// If the login is no member of `wardlink_owner`, or cannot connect.
pub async fn as_owner(url: &str) -> Result<AsyncPgConnection> {
    #[expect(clippy::disallowed_methods, reason = "setting up needs its own login")]
    let mut connection = login::connect(url)
        .await
        .map_err(|error| AppError::Unavailable(format!("cannot connect to set up: {error}")))?;
    become_owner(&mut connection).await?;
    Ok(connection)
}

async fn become_owner(connection: &mut AsyncPgConnection) -> Result<()> {
    Ok(connection
        .batch_execute("set role wardlink_owner; set search_path = wardlink, pg_temp")
        .await?)
}

/// Under row-level security only leakproof operators may use an index. Matching a text
/// and containing an id leak nothing but their answer; only a superuser may say so, and
/// without it searches, and the log of a case, are correct but read more rows.
async fn allow_indexed_search(connection: &mut AsyncPgConnection) {
    for function in ["ts_match_vq(tsvector, tsquery)", "arraycontains(anyarray, anyarray)"] {
        let marked = connection
            .batch_execute(&format!(
                "do $$ begin \
                   if not (select proleakproof from pg_proc where oid = 'pg_catalog.{function}'::regprocedure) then \
                     alter function pg_catalog.{function} leakproof; \
                   end if; \
                 end $$"
            ))
            .await;
        if marked.is_err() {
            tracing::warn!(
                "this login may not mark {function} leakproof: what is searched with it will not use its index; \
                 ask a database superuser to run `alter function pg_catalog.{function} leakproof`"
            );
        }
    }
}

/// Messages in the language that [`crate::error`] recognises. Only a superuser may
/// say so; elsewhere it is the default already, or conditions that would pass are
/// answered 500 instead of 503.
async fn speak_plainly(connection: &mut AsyncPgConnection) {
    let pinned = connection
        .batch_execute(
            "do $$ begin \
               if current_setting('lc_messages') not in ('C', 'POSIX', 'C.UTF-8') then \
                 execute format('alter database %I set lc_messages = ''C''', current_database()); \
               end if; \
             end $$",
        )
        .await;
    if pinned.is_err() {
        tracing::warn!("this login may not set lc_messages = 'C' on the database; set it as a superuser");
    }
}

async fn write_built_in_roles(connection: &mut AsyncPgConnection) -> Result<()> {
    use diesel::upsert::excluded;
    use diesel::{ExpressionMethods, Insertable};

    #[derive(Insertable)]
    #[diesel(table_name = built_in_roles)]
    struct Row {
        code: &'static str,
        permissions: Vec<&'static str>,
    }

    let rows: Vec<Row> = crate::identity::roles::BUILT_IN
        .iter()
        .map(|role| Row {
            code: role.code,
            permissions: role.permissions(),
        })
        .collect();
    diesel::insert_into(built_in_roles::table)
        .values(rows)
        .on_conflict(built_in_roles::code)
        .do_update()
        .set(built_in_roles::permissions.eq(excluded(built_in_roles::permissions)))
        .execute(connection)
        .await?;
    Ok(())
}
