-- Whoever leaves a partnership leaves its agreements too, and is not bound by an old
-- signature when it comes back; and it can leave however much it had shared.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- Events of one case come in order, and so do those of cases whose ids end alike: a lock
-- for each case would be more than the server has room for, where one transaction tells of
-- thousands.
create or replace function order_case_events() returns trigger language plpgsql
  set search_path = wardlink, pg_temp as $$
begin
  if new.case_id is not null then
    perform pg_advisory_xact_lock(hashtext('case events'), ('x' || right(new.case_id::text, 3))::bit(12)::int);
    new.seq := nextval('outbox_events_seq_seq');
    new.at := clock_timestamp();
  end if;
  return new;
end $$;

create policy leaver on agreement_parties for select to wardlink_definer using (org_id is not null);
create policy leaver_changes on agreement_parties for update to wardlink_definer
  using (org_id is not null) with check (withdrawal_reason = 'membership_ended' or signed_at is null);
grant select, update (signed_at, signed_by, withdrawn_at, withdrawal_reason) on agreement_parties to wardlink_definer;

reset role;
grant create on schema wardlink to wardlink_definer;
set local role wardlink_definer;
set local search_path = wardlink, pg_temp;

-- As before, and what was signed.
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

reset role;
revoke create on schema wardlink from wardlink_definer;
reset search_path;
