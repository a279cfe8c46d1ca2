-- What was taken back before it was approved was never seen, and does not read as if it
-- had been; nobody shares with who is just leaving; and a task that is passed on starts
-- its ladder anew.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- squawk-ignore ban-drop-constraint -- replaced in the next statement by one that allows more
alter table shares drop constraint shares_state_check;
-- squawk-ignore constraint-missing-not-valid -- widens: every row that was allowed still is
alter table shares add constraint shares_state_check check (state in ('awaiting_approval', 'awaiting_originator',
  'active', 'refused', 'withdrawn', 'superseded', 'revoked', 'recalled', 'expired', 'ended'));
-- What was taken back before is known by having needed an approval that it never got.
-- Past row-level security, for this one statement: the owner of a table has no policy on it.
alter table shares no force row level security;
update shares set state = 'withdrawn'
 where state in ('revoked', 'ended') and approved_by is null
   and (ad_hoc_reason is not null or requested_by_org_id <> org_id);
alter table shares force row level security;
alter policy leaver on shares with check (state in ('ended', 'withdrawn'));

-- Whoever rests something on a membership holds it until the end of the transaction, and
-- whoever ends one waits for them: what was shared a moment before is seen, and ended.
create function hold_members(p_partnership uuid) returns boolean language sql volatile
  set search_path = wardlink, pg_temp
  as $$ select pg_advisory_xact_lock_shared(hashtextextended('members of ' || p_partnership, 0)) is not null $$;
create function close_members(p_partnership uuid) returns boolean language sql volatile
  set search_path = wardlink, pg_temp
  as $$ select pg_advisory_xact_lock(hashtextextended('members of ' || p_partnership, 0)) is not null $$;
revoke execute on function hold_members(uuid), close_members(uuid) from public;
grant execute on function hold_members(uuid), close_members(uuid) to wardlink_app;

-- Those without a due time come last in the list by due time, and are found by it too.
-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index case_access_by_due_time on case_access (org_id, due_at, case_id);
-- squawk-ignore require-concurrent-index-deletion, prefer-robust-stmts -- in the transaction of the migration
drop index case_access_due;

reset role;
grant create on schema wardlink to wardlink_definer;
set local role wardlink_definer;
set local search_path = wardlink, pg_temp;

-- As before; what waited for approval is withdrawn, and its recipient does not hear of it.
create or replace function leave_partnership(p_partnership uuid, p_org uuid, p_now timestamptz)
  returns table (what text, record_id uuid, case_id uuid, case_org_id uuid, sides uuid[])
  language plpgsql volatile security definer set search_path = wardlink, pg_temp as $$
#variable_conflict use_column
begin
  if current_setting('app.org_kind', true) is distinct from 'platform'
     or exists (select from partnership_members m
       where m.partnership_id = p_partnership and m.org_id = p_org
         and (m.member_to is null or m.member_to > london_day(now()))) then
    raise exception 'the membership has not ended';
  end if;
  return query
    with left_open as (
      update tasks t
         set state = 'cancelled', accept_due_at = null, offer = null, ended_at = p_now, updated_at = p_now,
             version = t.version + 1
        from cases c
       where c.id = t.case_id and c.partnership_id = p_partnership and t.state = 'proposed'
         and p_org in (t.org_id, t.owner_org_id)
      returning t.*
    ), kept as (
      insert into task_events (task_id, task_org_id, org_id, at, verb, from_state, to_state, requesting_user_id,
          owner_org_id, owner_user_id, reason, due_before, due_after)
        select t.id, t.org_id, t.org_id, p_now, 'cancel', 'proposed', 'cancelled', t.requesting_user_id,
               t.owner_org_id, t.owner_user_id, 'membership_ended', t.due_at, t.due_at
          from left_open t
    )
    select 'task', t.id, t.case_id, t.case_org_id, array[t.org_id, t.owner_org_id] from left_open t;
  return query
    update shares s
       set state = case when s.state = 'active' then 'ended' else 'withdrawn' end, ended_at = p_now,
           end_reason = 'membership_ended', version = s.version + 1, updated_at = p_now
      from cases c
     where c.id = s.case_id and c.partnership_id = p_partnership
       and p_org in (s.org_id, s.to_org_id, s.requested_by_org_id)
       and s.state in ('active', 'awaiting_approval', 'awaiting_originator')
    returning case when s.state = 'ended' then 'share' else 'request' end, s.id, s.case_id, s.org_id,
      case when s.state = 'ended' then array[s.org_id, s.to_org_id, s.requested_by_org_id]
           else array[s.org_id, s.requested_by_org_id] end;
end $$;

-- As before, and anew where another organisation gets the task.
create or replace function time_escalation() returns trigger language plpgsql security definer
  set search_path = wardlink, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    insert into task_standings (task_id, org_id, escalate_at)
      values (new.id, new.org_id, new.created_at + (new.due_at - new.created_at) * 0.75);
  elsif new.state not in ('proposed', 'assigned', 'in_progress', 'blocked', 'submitted') then
    update task_standings set escalate_at = null where task_id = new.id;
  elsif new.due_at <> old.due_at or new.owner_org_id <> old.owner_org_id then
    update task_standings
       set escalation_level = null, escalate_at = new.updated_at + (new.due_at - new.updated_at) * 0.75
     where task_id = new.id;
  end if;
  return null;
end $$;

-- For as long as the trigger is made.
grant execute on function time_escalation() to wardlink_owner;
reset role;
revoke create on schema wardlink from wardlink_definer;
set local role wardlink_owner;
drop trigger time_escalation_anew on tasks;
create trigger time_escalation_anew after update of state, due_at, owner_org_id on tasks
  for each row when (old.state <> new.state or old.due_at <> new.due_at or old.owner_org_id <> new.owner_org_id)
  execute function time_escalation();
reset role;
set local role wardlink_definer;
revoke execute on function time_escalation() from wardlink_owner;
reset role;
reset search_path;
