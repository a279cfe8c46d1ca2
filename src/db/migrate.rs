//! Bringing a database to the current schema.

use std::time::Duration;

use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::schema::built_in_roles;
use super::{login, roles};
use crate::error::{AppError, Result};

/// The migrations, compiled in. Forward only: expand, migrate, contract.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// How long it waits before each further try, where others held what a migration needs.
/// Whoever queued up behind it goes on meanwhile: a lock that is waited for holds up all
/// who come after.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
];

/// Creates roles, runs outstanding migrations and writes the built-in roles.
///
/// `url` is a login that may do so: the embedded server's owner, or the
/// `wardlink_migrator` of an installation. One process at a time does the work;
/// others wait for it.
///
/// # Errors
/// [`AppError::Unavailable`] if the server cannot be reached, or others kept what a
/// migration needs at every try, else [`AppError::Internal`] with the failing step.
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
    again_after_others(|| {
        let done = harness.run_pending_migrations(MIGRATIONS);
        done.map(drop).map_err(|error| error.to_string())
    })
    .await?;
    let mut connection = harness.into_inner();
    allow_indexed_search(&mut connection).await;
    speak_plainly(&mut connection).await;
    become_owner(&mut connection).await?;
    connection.batch_execute("reset synchronous_commit").await?;
    write_built_in_roles(&mut connection).await
}

/// Runs what is outstanding, and again where it was given up for others: those migrations
/// that are done stay done, and the one that was given up has left nothing behind.
async fn again_after_others(mut run: impl FnMut() -> Result<(), String>) -> Result<()> {
    let mut pauses = PAUSES.into_iter();
    loop {
        let Err(failed) = run() else { return Ok(()) };
        if !was_given_up_for_others(&failed) {
            return Err(AppError::Internal(format!("migration: {failed}")));
        }
        let Some(pause) = pauses.next() else {
            return Err(AppError::Unavailable(format!(
                "migration: {failed}, at each of {} tries: stop every other process, or end what holds the lock \
                 (pg_locks, pg_stat_activity), and migrate again",
                PAUSES.len() + 1
            )));
        };
        let seconds = pause.as_secs();
        tracing::warn!(seconds, "{failed}: others hold what it needs, so it is tried again");
        tokio::time::sleep(pause).await;
    }
}

/// Whether a migration waited for a lock until `lock_timeout` (55P03), or was one of those
/// that waited for one another (40P01): by PostgreSQL's fixed texts, since diesel keeps no
/// SQLSTATE.
fn was_given_up_for_others(failed: &str) -> bool {
    ["canceling statement due to lock timeout", "deadlock detected"]
        .iter()
        .any(|text| failed.ends_with(text))
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

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const GIVEN_UP: &str = "Failed to run 2026-11-22-000001_a with: canceling statement due to lock timeout";

    /// What comes of a migration that fails so often, how often it was tried, and in how
    /// many seconds.
    async fn failing(times: usize, failed: &str) -> (Result<()>, usize, u64) {
        let (began, mut tries) = (Instant::now(), 0);
        let done = again_after_others(|| {
            tries += 1;
            if tries > times { Ok(()) } else { Err(failed.to_owned()) }
        })
        .await;
        (done, tries, began.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_given_up_for_others_is_tried_again_later_and_later() {
        for (times, seconds) in [(0, 0), (1, 1), (2, 3), (5, 31)] {
            let (done, tries, waited) = failing(times, GIVEN_UP).await;

            assert!(done.is_ok(), "{done:?}");
            assert_eq!((tries, waited), (times + 1, seconds));
        }
        let (done, tries, _) = failing(1, "Failed to run 2026-11-22-000001_a with: deadlock detected").await;
        assert!(done.is_ok() && tries == 2, "{done:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_with_what_to_do_where_others_never_let_go() {
        let (done, tries, waited) = failing(usize::MAX, GIVEN_UP).await;

        let Err(AppError::Unavailable(text)) = &done else {
            panic!("{done:?}");
        };
        assert!(
            text.contains("2026-11-22-000001_a") && text.contains("6 tries"),
            "{text}"
        );
        assert_eq!((tries, waited), (6, 31));
    }

    #[tokio::test(start_paused = true)]
    async fn what_failed_by_itself_is_not_tried_again() {
        for failed in [
            "Failed to run 2026-11-22-000001_a with: relation \"deadlock detected\" does not exist",
            "Failed to run 2026-11-22-000001_a with: canceling statement due to statement timeout",
        ] {
            let (done, tries, waited) = failing(usize::MAX, failed).await;

            assert!(matches!(done, Err(AppError::Internal(_))), "{done:?}");
            assert_eq!((tries, waited), (1, 0));
        }
    }
}
