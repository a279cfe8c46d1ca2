-- What was recalled is chased until the recipient says what became of it, and who
-- leaves a partnership or an agreement leaves nothing open behind.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- Ended with the membership that it rested on.
-- squawk-ignore ban-drop-constraint -- replaced in the next statement by one that allows more
alter table shares drop constraint shares_state_check;
-- squawk-ignore constraint-missing-not-valid -- widens: every row that was allowed still is
alter table shares add constraint shares_state_check check (state in ('awaiting_approval', 'awaiting_originator',
  'active', 'refused', 'superseded', 'revoked', 'recalled', 'expired', 'ended'));

-- The recipient no longer sees the case, so what it has to answer stands here.
create table share_recalls (
  share_id uuid primary key,
  org_id uuid not null,
  case_id uuid not null,
  to_org_id uuid not null references organisations (id),
  -- As at the recall: enough to find the copies, and the reach of a person's roles.
  case_ref text not null,
  case_type text not null,
  ward_gss text not null,
  reason text not null,
  recalled_by uuid not null,
  recalled_at timestamptz not null,
  due_at timestamptz not null,
  outcome text check (outcome in ('deleted', 'relied_on')),
  statement text,
  acknowledged_by uuid,
  acknowledged_at timestamptz,
  overdue_at timestamptz,
  version bigint not null default 1,
  check ((outcome is null) = (acknowledged_at is null)),
  check (outcome is distinct from 'relied_on' or statement is not null),
  foreign key (org_id, share_id) references shares (org_id, id),
  foreign key (org_id, case_id) references cases (org_id, id),
  foreign key (org_id, recalled_by) references users (org_id, id),
  foreign key (to_org_id, acknowledged_by) references users (org_id, id)
);
create index share_recalls_made on share_recalls (org_id, share_id);
create index share_recalls_received on share_recalls (to_org_id, share_id);
create index share_recalls_due on share_recalls (due_at) where acknowledged_at is null and overdue_at is null;

alter table share_recalls enable row level security, force row level security;

create policy sides on share_recalls for select to wardlink_app
  using (app_org() in (org_id, to_org_id)
    and (app_scope() is null
      or app_scope() && array[ward_gss || '/' || case_type, ward_gss || '/*', '*/' || case_type]));
create policy originator_adds on share_recalls for insert to wardlink_app
  with check (org_id = app_org() and recalled_by = app_user());
create policy recipient_answers on share_recalls for update to wardlink_app
  using (to_org_id = app_org()) with check (to_org_id = app_org() and acknowledged_by = app_user());
create policy chaser on share_recalls to wardlink_worker
  using (acknowledged_at is null) with check (acknowledged_at is null);

grant select, insert on share_recalls to wardlink_app;
grant update (outcome, statement, acknowledged_by, acknowledged_at, version) on share_recalls to wardlink_app;
grant select, update (overdue_at, version) on share_recalls to wardlink_worker;

-- A party may leave an agreement in force; what was shared under it stays as it is.
alter table agreement_parties
  add column withdrawn_at timestamptz,
  add column withdrawn_by uuid,
  add column withdrawal_reason text;

create policy leaver on shares for update to wardlink_definer
  using (org_id is not null) with check (state = 'ended');
create policy leaver on tasks for select to wardlink_definer using (org_id is not null);
create policy leaver_changes on tasks for update to wardlink_definer
  using (state = 'proposed') with check (state = 'cancelled');
create policy leaver on task_events for insert to wardlink_definer with check (verb = 'cancel');
grant update (state, ended_at, end_reason, version, updated_at) on shares to wardlink_definer;
grant select, update (state, accept_due_at, offer, ended_at, updated_at, version) on tasks to wardlink_definer;
grant insert on task_events to wardlink_definer;

-- Ends what rested on a membership that has ended: the organisation's shares, both
-- those it gave and those it had, and proposals to and from it. Answers what and whose.
create function leave_partnership(p_partnership uuid, p_org uuid, p_now timestamptz)
  returns table (what text, record_id uuid, case_id uuid, case_org_id uuid, sides uuid[])
  language plpgsql volatile security definer set search_path = wardlink, pg_temp as $$
#variable_conflict use_column
begin
  if current_setting('app.org_kind', true) is distinct from 'platform'
     or exists (select from partnership_members m
       where m.partnership_id = p_partnership and m.org_id = p_org
         and (m.member_to is null or m.member_to > current_date)) then
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
       set state = 'ended', ended_at = p_now, end_reason = 'membership_ended', version = s.version + 1,
           updated_at = p_now
      from cases c
     where c.id = s.case_id and c.partnership_id = p_partnership
       and p_org in (s.org_id, s.to_org_id, s.requested_by_org_id)
       and s.state in ('active', 'awaiting_approval', 'awaiting_originator')
    returning 'share', s.id, s.case_id, s.org_id, array[s.org_id, s.to_org_id, s.requested_by_org_id];
end $$;

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.leave_partnership(uuid, uuid, timestamptz) owner to wardlink_definer;
revoke create on schema wardlink from wardlink_definer;
revoke execute on function wardlink.leave_partnership(uuid, uuid, timestamptz) from public;
grant execute on function wardlink.leave_partnership(uuid, uuid, timestamptz) to wardlink_app;

reset role;
reset search_path;
