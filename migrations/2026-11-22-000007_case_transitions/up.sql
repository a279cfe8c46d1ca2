-- Every step of a case, with who took it, in which role and rank at the time,
-- and what they recorded to take it (domain §6.1 iii).

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

create table case_transitions (
  id uuid primary key,
  -- The organisation that acted.
  org_id uuid not null,
  case_id uuid not null,
  case_org_id uuid not null,
  event text not null,
  from_state text not null,
  to_state text not null,
  actor_user_id uuid not null,
  rank text,
  roles text[] not null,
  on_behalf_of text,
  reason text,
  data jsonb not null default '{}',
  outcome text,
  explanation text,
  reporter_told boolean,
  at timestamptz not null,
  foreign key (case_org_id, case_id) references cases (org_id, id),
  foreign key (org_id, actor_user_id) references users (org_id, id)
);
create index case_transitions_by_case on case_transitions (case_id, at);

alter table case_transitions enable row level security, force row level security;

create policy seen on case_transitions for select to wardlink_app
  using (exists (select from case_access a where a.case_id = case_transitions.case_id offset 0));
create policy contributes on case_transitions for insert to wardlink_app
  with check (org_id = app_org() and actor_user_id = app_user()
    and exists (select from case_access a where a.case_id = case_transitions.case_id
      and a.level in ('owner', 'contribute') offset 0));

grant select, insert on case_transitions to wardlink_app;

reset role;
reset search_path;
