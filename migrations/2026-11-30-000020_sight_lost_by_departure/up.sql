-- Whoever asked for work hears, also where the shares by which it was seen end with a
-- membership; and what time has ended does not end again.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- The open tasks that the recipients of these shares have to do, where the shares ended with
-- a membership. The platform, which ends it, sees neither shares nor tasks.
create function out_of_sight_by_departure(p_shares uuid[])
  returns table (task_id uuid, requesting_org_id uuid, owner_org_id uuid, case_id uuid, case_org_id uuid, state text)
  language sql stable security definer set search_path = wardlink, pg_temp as $$
  select t.id, t.org_id, t.owner_org_id, t.case_id, t.case_org_id, s.state
    from shares s join tasks t on t.case_id = s.case_id and t.owner_org_id = s.to_org_id
   where current_setting('app.org_kind', true) = 'platform'
     and s.id = any (p_shares) and s.state = 'ended' and t.ended_at is null
   order by t.id
$$;

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.out_of_sight_by_departure(uuid[]) owner to wardlink_definer;
set local role wardlink_definer;
set local search_path = wardlink, pg_temp;

-- As before, but for shares whose time is over: they have ended, and the job that looks for
-- such writes it down.
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
       and (s.state in ('awaiting_approval', 'awaiting_originator')
         or s.state = 'active' and (s.expires_at is null or s.expires_at > now()))
    returning case when s.state = 'ended' then 'share' else 'request' end, s.id, s.case_id, s.org_id,
      case when s.state = 'ended' then array[s.org_id, s.to_org_id, s.requested_by_org_id]
           else array[s.org_id, s.requested_by_org_id] end;
  -- A draft is not in force: whoever comes back signs it anew.
  update agreement_parties p
     set signed_at = null, signed_by = null
    from agreements a
   where a.id = p.agreement_id and a.partnership_id = p_partnership and a.status = 'draft'
     and p.org_id = p_org and p.signed_at is not null;
  return query
    with left_agreements as (
      update agreement_parties p
         set withdrawn_at = p_now, withdrawal_reason = 'membership_ended'
        from agreements a
       where a.id = p.agreement_id and a.partnership_id = p_partnership and a.status = 'active'
         and p.org_id = p_org and p.withdrawn_at is null
      returning p.agreement_id
    ), kept_agreements as (
      update agreements a
         set status = 'ended', version = a.version + 1, updated_at = p_now
       where a.partnership_id = p_partnership and a.status = 'active' and a.org_id = p_org
      returning a.id
    )
    select 'agreement', l.id, null::uuid, null::uuid,
           array(select p.org_id from agreement_parties p where p.agreement_id = l.id)
      from (select agreement_id as id from left_agreements union select id from kept_agreements) l;
end $$;

revoke execute on function out_of_sight_by_departure(uuid[]) from public;
grant execute on function out_of_sight_by_departure(uuid[]) to wardlink_app;
reset role;
revoke create on schema wardlink from wardlink_definer;
reset search_path;
