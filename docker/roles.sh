#!/bin/bash
# Makes the database and the roles of src/db/roles.rs, with passwords, on a new
# PostgreSQL. Needs a superuser: what only one may say is said here, so that
# nothing later needs one.
set -euo pipefail

psql --username "${POSTGRES_USER:-postgres}" --dbname postgres --no-psqlrc --set ON_ERROR_STOP=1 \
    --set migrator="$WARDLINK_MIGRATOR_PASSWORD" \
    --set app="$WARDLINK_APP_PASSWORD" \
    --set worker="$WARDLINK_WORKER_PASSWORD" <<'SQL'
create role wardlink_owner nologin;
create role wardlink_definer nologin;
create role wardlink_migrator login password :'migrator';
create role wardlink_app login password :'app';
create role wardlink_worker login password :'worker';
-- Gets a password when somebody is to read the log by SQL.
create role wardlink_auditor login;
grant wardlink_owner, wardlink_definer to wardlink_migrator;

create database wardlink owner wardlink_migrator;
revoke connect, temporary on database wardlink from public;
grant connect on database wardlink to wardlink_app, wardlink_worker, wardlink_auditor;

-- Errors are recognised by PostgreSQL's own English texts.
alter database wardlink set lc_messages = 'C';

\connect wardlink
-- Under row-level security only leakproof operators may use an index, and matching a
-- text or containing an id tells nothing but the answer.
alter function pg_catalog.ts_match_vq(tsvector, tsquery) leakproof;
alter function pg_catalog.arraycontains(anyarray, anyarray) leakproof;
SQL
