-- Steps that a clock takes by itself when it has run out, such as the release of
-- what was held for evidence.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- Nobody took a step that the clock took.
-- squawk-ignore ban-drop-not-null -- allows more; who reads it knows of nobody
alter table case_transitions alter column actor_user_id drop not null;

-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index case_clocks_running on case_clocks (name, due_at) where stopped_at is null;

create policy keeper_of_clocks_looks on cases for select to wardlink_worker using (status_class = 'open');
create policy keeper_of_clocks on cases for update to wardlink_worker
  using (status_class = 'open') with check (status_class = 'open');
create policy keeper_of_clocks_looks on case_clocks for select to wardlink_worker using (id is not null);
create policy keeper_of_clocks on case_clocks for update to wardlink_worker
  using (stopped_at is null) with check (id is not null);
create policy keeper_of_clocks on case_transitions for insert to wardlink_worker with check (actor_user_id is null);

grant select (id, org_id, type, state, status_class, details, opened_at, risk_band, qualifier, lead_user_id, version)
  on cases to wardlink_worker;
grant update (state, public_status, details, due_at, updated_at, version) on cases to wardlink_worker;
grant select, update (due_at, pauses, stopped_at, result) on case_clocks to wardlink_worker;
grant insert on case_transitions to wardlink_worker;

reset role;
reset search_path;
