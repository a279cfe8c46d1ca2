-- Tasks that are late are told upwards, rung by rung (domain §2.7), and keep which
-- classes of the case's data they need.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

create table task_standings (
  task_id uuid primary key,
  org_id uuid not null,
  data_classes text[] not null default '{core}',
  -- The rung reached for the due time that holds now: 0 reminded, 1 overdue, 2 escalated.
  escalation_level smallint check (escalation_level between 0 and 2),
  -- When the next rung is to be looked at; NULL where there is none.
  escalate_at timestamptz,
  foreign key (org_id, task_id) references tasks (org_id, id)
);

-- Past row-level security, for this one statement: the owner of a table has no policy on it.
alter table tasks no force row level security;
insert into task_standings (task_id, org_id, escalate_at)
  select id, org_id, case when state in ('proposed', 'assigned', 'in_progress', 'blocked', 'submitted')
      then created_at + (due_at - created_at) * 0.75 end
    from tasks;
alter table tasks force row level security;

create index task_standings_to_escalate on task_standings (escalate_at) where escalate_at is not null;

alter table task_standings enable row level security, force row level security;

create policy as_its_task on task_standings for select to wardlink_app
  using (exists (select from tasks t where t.id = task_standings.task_id offset 0));
create policy requester_says on task_standings for update to wardlink_app
  using (org_id = app_org()) with check (org_id = app_org());
create policy escalator_looks on task_standings for select to wardlink_worker using (org_id is not null);
create policy escalator on task_standings for update to wardlink_worker
  using (escalate_at is not null) with check (org_id is not null);
create policy definer on task_standings to wardlink_definer using (org_id is not null) with check (org_id is not null);
create policy escalator_looks on tasks for select to wardlink_worker
  using (state in ('proposed', 'assigned', 'in_progress', 'blocked', 'submitted'));
create policy escalator on tasks for update to wardlink_worker
  using (state in ('proposed', 'assigned', 'in_progress', 'blocked', 'submitted'))
  with check (state in ('proposed', 'assigned', 'in_progress', 'blocked', 'submitted'));
create policy escalator on task_events for insert to wardlink_worker with check (verb = 'escalate');
create policy escalator on cases for select to wardlink_worker using (risk_band is not null);

grant select, update (data_classes) on task_standings to wardlink_app;
grant select, update (escalation_level, escalate_at) on task_standings to wardlink_worker;
grant select, insert, update on task_standings to wardlink_definer;
grant select (id, risk_band) on cases to wardlink_worker;

-- A task that is opened, closed or given another due time starts or leaves the ladder.
create function time_escalation() returns trigger language plpgsql security definer
  set search_path = wardlink, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    insert into task_standings (task_id, org_id, escalate_at)
      values (new.id, new.org_id, new.created_at + (new.due_at - new.created_at) * 0.75);
  elsif new.state not in ('proposed', 'assigned', 'in_progress', 'blocked', 'submitted') then
    update task_standings set escalate_at = null where task_id = new.id;
  elsif new.due_at <> old.due_at then
    update task_standings
       set escalation_level = null, escalate_at = new.updated_at + (new.due_at - new.updated_at) * 0.75
     where task_id = new.id;
  end if;
  return null;
end $$;
create trigger time_escalation after insert on tasks
  for each row execute function time_escalation();
create trigger time_escalation_anew after update of state, due_at on tasks
  for each row when (old.state <> new.state or old.due_at <> new.due_at) execute function time_escalation();

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.time_escalation() owner to wardlink_definer;
revoke create on schema wardlink from wardlink_definer;
revoke execute on function wardlink.time_escalation() from public;
grant execute on function wardlink.time_escalation() to wardlink_app, wardlink_worker, wardlink_definer;

reset role;
reset search_path;
