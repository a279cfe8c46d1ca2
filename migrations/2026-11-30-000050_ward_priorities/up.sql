-- Ward priorities, the promises of a neighbourhood (domain §1.4): who set them and when,
-- what was done, and how they ended.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

create table ward_priorities (
  id uuid primary key,
  -- The organisation that recorded it.
  org_id uuid not null references organisations (id),
  -- Whose members see it.
  partnership_id uuid not null references partnerships (id),
  gss text not null check (gss ~ '^[ENSW][0-9]{8}$'),
  text text not null check (text <> ''),
  case_types text[] not null default '{}',
  set_by text not null check (set_by in ('panel', 'team', 'tasking_group')),
  set_on date not null,
  minutes_ref text,
  votes jsonb,
  evidence text,
  actions jsonb not null default '[]',
  status text not null default 'active' check (status in ('active', 'met', 'retired')),
  outcome text,
  ended_on date check (ended_on >= set_on),
  replaced_by uuid,
  reviewed_on date check (reviewed_on >= set_on),
  recorded_by uuid not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version bigint not null default 1,
  unique (org_id, id),
  foreign key (org_id, recorded_by) references users (org_id, id),
  foreign key (org_id, replaced_by) references ward_priorities (org_id, id),
  -- Nobody sets one in the panel's name without its minutes (domain §3.10).
  check (set_by <> 'panel' or minutes_ref is not null),
  check ((status = 'active') = (ended_on is null)),
  check (status = 'active' or outcome is not null or replaced_by is not null)
);
create index ward_priorities_by_ward on ward_priorities (gss, set_on desc, id desc);

alter table ward_priorities enable row level security, force row level security;

create policy own_and_partners on ward_priorities for select to wardlink_app
  using (org_id = app_org() or partnership_id = any (app_partnerships()));
create policy own_adds on ward_priorities for insert to wardlink_app
  with check (org_id = app_org() and recorded_by = app_user() and partnership_id = any (app_partnerships()));
create policy own_changes on ward_priorities for update to wardlink_app
  using (org_id = app_org()) with check (org_id = app_org());

grant select, insert on ward_priorities to wardlink_app;
-- Who set it, when and by which vote stays.
grant update (text, case_types, evidence, actions, status, outcome, ended_on, replaced_by, reviewed_on, updated_at,
  version) on ward_priorities to wardlink_app;

reset role;
reset search_path;
