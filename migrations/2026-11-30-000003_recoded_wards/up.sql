-- Open cases of a ward that has ended go over to the one that stands in its place.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- Most wards there ever were have ended, and no open case is in one.
-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index cases_open_by_ward on cases (ward_gss) where status_class = 'open';

-- Which open cases a job sees and may change is said for clocks already. Of the place of
-- one, where it is.
create policy recoder on case_locations for select to wardlink_worker
  using (exists (select from cases c where c.id = case_locations.case_id and c.status_class = 'open' offset 0));

grant select (ward_gss), update (ward_gss) on cases to wardlink_worker;
grant select (case_id, lon, lat) on case_locations to wardlink_worker;

reset role;
reset search_path;
