-- Whoever imports wards is told which priorities stand in one that ends.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

create policy setup on ward_priorities for select to wardlink_owner using (status = 'active');

reset role;
reset search_path;
