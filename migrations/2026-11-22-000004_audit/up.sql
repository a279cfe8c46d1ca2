-- The log: who did, saw or was refused what, and when (DPA 2018 s.62).
-- Rows are only ever added. The clock is the database's own.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

create table audit_events (
  seq bigint generated always as identity primary key,
  id uuid not null default gen_random_uuid(),
  tx xid8 not null default pg_current_xact_id(),
  at timestamptz not null default clock_timestamp(),
  op text not null check (op in ('collection', 'alteration', 'consultation', 'disclosure',
    'combination', 'erasure', 'security')),
  -- The operation of the API (its operationId), or the job, that acted.
  action text not null,
  outcome text not null check (outcome in ('done', 'refused', 'failed')),
  status smallint,
  -- The problem's slug, where it was refused.
  reason text,
  actor_user_id uuid,
  -- NULL only before sign-in and for the deployment's own jobs.
  org_id uuid,
  session_id uuid,
  on_behalf_of text,
  purpose text not null,
  justification text,
  request_id uuid not null,
  peer inet,
  -- Cases touched or shown, and beside each the organisation that owns it.
  case_ids uuid[] not null default '{}',
  case_org_ids uuid[] not null default '{}',
  -- Everything else touched or shown: tasks, notes, people, shares, users.
  record_ids uuid[] not null default '{}',
  data_classes text[] not null default '{}',
  recipient_org_ids uuid[] not null default '{}',
  -- Facts of the operation: names of changed members, filters used, from and to
  -- states. Never the content itself.
  facts jsonb not null default '{}',
  check (cardinality(case_ids) = cardinality(case_org_ids))
);
create index audit_events_by_org on audit_events (org_id, seq);
create index audit_events_by_case on audit_events using gin (case_ids) with (fastupdate = on);

alter table audit_events enable row level security, force row level security;

-- Both sides' view (domain §6.1): every act of one's own people, and every act
-- of anybody on one's own cases or towards one's own organisation.
create policy both_sides on audit_events for select to wardlink_app
  using (org_id = app_org() or app_org() = any (case_org_ids) or app_org() = any (recipient_org_ids));
create policy acts on audit_events for insert to wardlink_app
  with check (app_org() is null or org_id = app_org());
create policy jobs on audit_events for insert to wardlink_worker with check (action like 'job.%');
create policy reader on audit_events for select to wardlink_auditor using (seq is not null);
create policy definer on audit_events for select to wardlink_definer using (seq is not null);

grant select, insert on audit_events to wardlink_app;
grant insert on audit_events to wardlink_worker;
grant select on audit_events to wardlink_auditor, wardlink_definer;

reset role;
reset search_path;
