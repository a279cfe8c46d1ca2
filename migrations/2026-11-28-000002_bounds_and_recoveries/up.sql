-- A grant has bounds in the database too; and it is kept who let whom in again, so that
-- nobody takes over an account alone.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- Every request reckons with all pairs of a grant's wards and case types.
update role_grants g
   set areas = (select array_agg(distinct area) from unnest(g.areas) area),
       case_types = (select array_agg(distinct kind) from unnest(g.case_types) kind)
 where g.areas is not null or g.case_types is not null;
alter table role_grants add constraint role_grants_areas_most check (cardinality(areas) <= 200) not valid;
alter table role_grants add constraint role_grants_case_types_most check (cardinality(case_types) <= 50) not valid;
-- squawk-ignore constraint-missing-not-valid -- so many grants there are not
alter table role_grants validate constraint role_grants_areas_most;
-- squawk-ignore constraint-missing-not-valid -- likewise
alter table role_grants validate constraint role_grants_case_types_most;

-- When an administrator let somebody set their password, and removed their second
-- factor: who does the one does not do the other, for a day.
create table recoveries (
  org_id uuid not null,
  user_id uuid not null,
  helped_by uuid not null,
  password_at timestamptz,
  second_factor_at timestamptz,
  primary key (org_id, user_id, helped_by),
  foreign key (org_id, user_id) references users (org_id, id),
  foreign key (org_id, helped_by) references users (org_id, id),
  check (password_at is not null or second_factor_at is not null)
);
alter table recoveries enable row level security, force row level security;
create policy own on recoveries to wardlink_app using (org_id = app_org()) with check (org_id = app_org());
create policy sweeper on recoveries to wardlink_worker using (helped_by is not null);
grant select, insert on recoveries to wardlink_app;
grant update (password_at, second_factor_at) on recoveries to wardlink_app;
grant select, delete on recoveries to wardlink_worker;

reset role;
reset search_path;
