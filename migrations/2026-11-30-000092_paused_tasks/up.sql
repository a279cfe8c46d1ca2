-- A task that is blocked says what it waits for, and where that may pause a clock of local
-- policy its due time stands still (domain §2.5, §3.2).

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

alter table task_standings
  -- While it is blocked: what it waits for.
  add column blocker text,
  -- Since when its due time stands still; NULL while it runs.
  add column paused_at timestamptz;
alter table task_standings add constraint task_standings_blocker_check
  check (blocker in ('awaiting_organisation', 'awaiting_court', 'awaiting_dvla', 'awaiting_consent',
    'reporter_unavailable', 'unsafe_weather', 'police_hold', 'no_access', 'other')) not valid;
alter table task_standings add constraint task_standings_paused_check
  check (paused_at is null or blocker is not null) not valid;

-- Past row-level security, for this one statement: the owner of a table has no policy on it.
alter table tasks no force row level security;
alter table task_events no force row level security;
alter table task_standings no force row level security;
-- What is blocked already says by what; its due time has run on, and does.
update task_standings s
   set blocker = (select e.reason from task_events e where e.task_id = s.task_id and e.verb = 'block'
     order by e.seq desc limit 1)
 where exists (select from tasks t where t.id = s.task_id and t.state = 'blocked');
alter table tasks force row level security;
alter table task_events force row level security;
alter table task_standings force row level security;

-- squawk-ignore constraint-missing-not-valid -- so many tasks there are not
alter table task_standings validate constraint task_standings_blocker_check;
-- squawk-ignore constraint-missing-not-valid -- likewise
alter table task_standings validate constraint task_standings_paused_check;

create policy owner_is_held_up on task_standings for update to wardlink_app
  using (exists (select from tasks t
    where t.id = task_standings.task_id and t.owner_org_id = app_org() and t.state = 'blocked' offset 0))
  with check (exists (select from tasks t
    where t.id = task_standings.task_id and t.owner_org_id = app_org() and t.state = 'blocked' offset 0));
grant update (blocker, paused_at) on task_standings to wardlink_app;

reset role;
grant create on schema wardlink to wardlink_definer;
set local role wardlink_definer;
set local search_path = wardlink, pg_temp;

-- As before; and what goes on again does so on the rung where it stood, by as much later as
-- its due time has moved.
create or replace function time_escalation() returns trigger language plpgsql security definer
  set search_path = wardlink, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    insert into task_standings (task_id, org_id, escalate_at)
      values (new.id, new.org_id, new.created_at + (new.due_at - new.created_at) * 0.75);
  elsif new.state not in ('proposed', 'assigned', 'in_progress', 'blocked', 'submitted') then
    update task_standings set escalate_at = null, blocker = null, paused_at = null where task_id = new.id;
  elsif new.owner_org_id <> old.owner_org_id or (new.due_at <> old.due_at and old.state <> 'blocked') then
    update task_standings
       set escalation_level = null, escalate_at = new.updated_at + (new.due_at - new.updated_at) * 0.75,
           blocker = null, paused_at = null
     where task_id = new.id;
  elsif old.state = 'blocked' and new.state <> 'blocked' then
    update task_standings
       set escalate_at = escalate_at + (new.due_at - old.due_at), blocker = null, paused_at = null
     where task_id = new.id;
  end if;
  return null;
end $$;

reset role;
revoke create on schema wardlink from wardlink_definer;
reset search_path;
