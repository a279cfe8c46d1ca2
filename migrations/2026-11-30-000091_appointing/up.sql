-- Whoever appoints an administrator by command sees which roles of an organisation's own
-- manage people.
set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

create policy setup on custom_roles for select to wardlink_owner using (org_id is not null);

reset role;
reset search_path;
