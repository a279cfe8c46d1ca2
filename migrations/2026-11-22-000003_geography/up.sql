-- Wards as dated versions (domain §1.3), and the teams that answer for them.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

create table ward_versions (
  gss text not null check (gss ~ '^[ENSW][0-9]{8}$'),
  valid_from date not null,
  valid_to date check (valid_to > valid_from),
  name text not null,
  local_authority text not null check (local_authority ~ '^[ENSW][0-9]{8}$'),
  source text not null,
  approximate boolean not null default false,
  boundary jsonb not null,
  primary key (gss, valid_from)
);

create table sectors (
  id uuid primary key,
  org_id uuid not null references organisations (id),
  local_authority text not null,
  name text not null,
  unique (org_id, id)
);

create table sector_wards (
  org_id uuid not null,
  sector_id uuid not null,
  gss text not null,
  valid_from date not null,
  valid_to date,
  primary key (org_id, sector_id, gss, valid_from),
  foreign key (org_id, sector_id) references sectors (org_id, id)
);

create table teams (
  id uuid primary key,
  org_id uuid not null references organisations (id),
  name text not null,
  gss text,
  contact text,
  version bigint not null default 1,
  unique (org_id, id),
  unique (org_id, gss)
);

create table team_members (
  org_id uuid not null,
  team_id uuid not null,
  user_id uuid not null,
  role text not null check (role in ('SGT', 'PC_DWO', 'PCSO', 'SC', 'STAFF')),
  public_contactable boolean not null default false,
  member_from date not null default current_date,
  member_to date,
  primary key (org_id, team_id, user_id, member_from),
  foreign key (org_id, team_id) references teams (org_id, id),
  foreign key (org_id, user_id) references users (org_id, id)
);
create index team_members_by_user on team_members (org_id, user_id);

alter table ward_versions enable row level security, force row level security;
alter table sectors enable row level security, force row level security;
alter table sector_wards enable row level security, force row level security;
alter table teams enable row level security, force row level security;
alter table team_members enable row level security, force row level security;

create policy signed_in on ward_versions for select to wardlink_app using (app_user() is not null);
create policy loader on ward_versions for select to wardlink_worker using (gss is not null);
create policy setup on ward_versions to wardlink_owner using (gss is not null) with check (gss is not null);
create policy setup on sectors to wardlink_owner using (org_id is not null) with check (org_id is not null);
create policy setup on sector_wards to wardlink_owner using (org_id is not null) with check (org_id is not null);
create policy setup on teams to wardlink_owner using (org_id is not null) with check (org_id is not null);
create policy setup on team_members to wardlink_owner using (org_id is not null) with check (org_id is not null);
create policy own_and_partners on sectors for select to wardlink_app
  using (org_id = app_org() or org_id in (select m.org_id from partnership_members m));
create policy own_and_partners on sector_wards for select to wardlink_app
  using (org_id = app_org() or org_id in (select m.org_id from partnership_members m));
create policy own_and_partners on teams for select to wardlink_app
  using (org_id = app_org() or org_id in (select m.org_id from partnership_members m));
create policy own_adds on teams for insert to wardlink_app with check (org_id = app_org());
create policy own_changes on teams for update to wardlink_app
  using (org_id = app_org()) with check (org_id = app_org());
create policy own_and_partners on team_members for select to wardlink_app
  using (org_id = app_org() or org_id in (select m.org_id from partnership_members m));
create policy own_adds on team_members for insert to wardlink_app with check (org_id = app_org());
create policy own_ends on team_members for delete to wardlink_app using (org_id = app_org());

grant select on ward_versions, sectors, sector_wards to wardlink_app;
grant select, insert, update on teams to wardlink_app;
grant select, insert, delete on team_members to wardlink_app;
grant select on ward_versions to wardlink_worker;

reset role;
reset search_path;
