-- A grant has bounds in the database too.

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

reset role;
reset search_path;
