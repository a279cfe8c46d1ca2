-- An organisation that comes back keeps the memberships it had before: they were
-- overwritten.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

create table earlier_memberships (
  partnership_id uuid not null,
  org_id uuid not null,
  member_from date not null,
  member_to date not null,
  primary key (partnership_id, org_id, member_from),
  foreign key (partnership_id, org_id) references partnership_members (partnership_id, org_id),
  check (member_to > member_from)
);
alter table earlier_memberships enable row level security, force row level security;
create policy fellow_members on earlier_memberships for select to wardlink_app
  using (partnership_id = any (app_partnerships()) or current_setting('app.org_kind', true) = 'platform');
create policy platform_adds on earlier_memberships for insert to wardlink_app
  with check (current_setting('app.org_kind', true) = 'platform');
grant select, insert on earlier_memberships to wardlink_app;

reset role;
reset search_path;
