-- An agreement is reviewed, and what came of it is kept; it can be suspended until a later
-- review; and a new version of it takes the place of the one in force.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- squawk-ignore ban-drop-constraint -- replaced in the next statement by one that allows more
alter table agreements drop constraint agreements_status_check;
-- squawk-ignore constraint-missing-not-valid -- widens: every row that was allowed still is
alter table agreements add constraint agreements_status_check
  check (status in ('draft', 'active', 'suspended', 'superseded', 'ended'));

-- Each version is a row of its own, so that what was shared under one keeps naming it. The
-- first says of itself that it is by naming no other.
alter table agreements
  add column version_number bigint not null default 1,
  add column first_version_id uuid;
alter table agreements add constraint agreements_first_version_check
  check ((version_number = 1) = (first_version_id is null)) not valid;
-- squawk-ignore constraint-missing-not-valid -- so many agreements there are not
alter table agreements validate constraint agreements_first_version_check;
alter table agreements add constraint agreements_first_version_fkey
  foreign key (org_id, first_version_id) references agreements (org_id, id) not valid;
-- squawk-ignore constraint-missing-not-valid -- likewise
alter table agreements validate constraint agreements_first_version_fkey;
-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create unique index agreements_by_version on agreements (org_id, first_version_id, version_number);

-- What an agreement may name. A name that the rules do not know would be no part of it.
alter table agreements
  add constraint agreements_purposes_check check (purposes <@ array['case_work', 'tasking_meeting', 'risk_assessment',
    'supervision', 'statutory_review', 'complaint_or_rights_request', 'audit', 'system_support']) not valid,
  add constraint agreements_gateways_check check (gateways <@ array['CDA115', 'CDA17A', 'CDA17', 'ASB104',
    'DPA_S35_36', 'DPA_SCH2_P1_2', 'DPA_SCH1', 'SAFEGUARD', 'CONSENT', 'PUBLIC', 'COURT']) not valid,
  add constraint agreements_data_classes_check check (data_classes <@ array['core', 'location', 'subjects', 'notes',
    'attachments', 'intelligence']) not valid;
-- squawk-ignore constraint-missing-not-valid -- likewise
alter table agreements validate constraint agreements_purposes_check;
-- squawk-ignore constraint-missing-not-valid -- likewise
alter table agreements validate constraint agreements_gateways_check;
-- squawk-ignore constraint-missing-not-valid -- likewise
alter table agreements validate constraint agreements_data_classes_check;

create table agreement_reviews (
  id uuid primary key,
  org_id uuid not null,
  agreement_id uuid not null,
  held_on date not null,
  outcome text not null check (outcome in ('continue', 'amend', 'suspend', 'end')),
  findings text not null,
  next_review_due date check (next_review_due > held_on),
  recorded_by uuid not null,
  recorded_at timestamptz not null,
  check ((outcome = 'end') = (next_review_due is null)),
  foreign key (org_id, agreement_id) references agreements (org_id, id),
  foreign key (org_id, recorded_by) references users (org_id, id)
);
create index agreement_reviews_by_agreement on agreement_reviews (agreement_id, id);
alter table agreement_reviews enable row level security, force row level security;
create policy members on agreement_reviews for select to wardlink_app
  using (exists (select from agreements a where a.id = agreement_reviews.agreement_id offset 0));
create policy keeper_adds on agreement_reviews for insert to wardlink_app
  with check (org_id = app_org() and recorded_by = app_user());
grant select, insert on agreement_reviews to wardlink_app;

reset role;
grant create on schema wardlink to wardlink_definer;
set local role wardlink_definer;
set local search_path = wardlink, pg_temp;

-- As before, of agreements that are suspended too: they could be resumed with who has left.
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
       where a.id = p.agreement_id and a.partnership_id = p_partnership and a.status in ('active', 'suspended')
         and p.org_id = p_org and p.withdrawn_at is null
      returning p.agreement_id
    ), kept_agreements as (
      update agreements a
         set status = 'ended', version = a.version + 1, updated_at = p_now
       where a.partnership_id = p_partnership and a.status in ('active', 'suspended') and a.org_id = p_org
      returning a.id
    )
    select 'agreement', l.id, null::uuid, null::uuid,
           array(select p.org_id from agreement_parties p where p.agreement_id = l.id)
      from (select agreement_id as id from left_agreements union select id from kept_agreements) l;
end $$;

reset role;
revoke create on schema wardlink from wardlink_definer;
reset search_path;
