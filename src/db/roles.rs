//! The database roles, and those of them that this program signs in as; `ARCHITECTURE.md`
//! says what each is for.
//!
//! Roles belong to the cluster, not to a database, so `migrate` makes them before
//! the migrations grant them their rights.

use diesel::QueryResult;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

/// Serves requests. Owns nothing and cannot bypass row-level security.
pub const APP: &str = "wardlink_app";
/// Runs jobs: expiry, lapses, housekeeping.
pub const WORKER: &str = "wardlink_worker";
/// Reads the audit log by SQL.
pub const AUDITOR: &str = "wardlink_auditor";

/// Makes the roles that do not exist yet. Safe to run by several processes at once.
///
/// # Errors
/// If the login may not create roles and some are missing.
pub async fn ensure(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    connection.batch_execute(ENSURE).await
}

const ENSURE: &str = r"
do $$
declare
  name text;
begin
  perform pg_advisory_lock(hashtext('wardlink roles'));
  foreach name in array array['wardlink_owner', 'wardlink_definer'] loop
    if not exists (select from pg_roles where rolname = name) then
      execute format('create role %I nologin', name);
    end if;
  end loop;
  foreach name in array array['wardlink_migrator', 'wardlink_app', 'wardlink_worker', 'wardlink_auditor'] loop
    if not exists (select from pg_roles where rolname = name) then
      execute format('create role %I login', name);
    end if;
  end loop;
  if not pg_has_role('wardlink_migrator', 'wardlink_owner', 'member') then
    grant wardlink_owner, wardlink_definer to wardlink_migrator;
  end if;
  perform pg_advisory_unlock(hashtext('wardlink roles'));
end $$";
