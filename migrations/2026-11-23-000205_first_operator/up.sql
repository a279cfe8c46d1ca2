-- The first operator of a deployment is made on the command line, and the log says so.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

create policy setup on audit_events for insert to wardlink_owner with check (action like 'command.%');

reset role;
reset search_path;
