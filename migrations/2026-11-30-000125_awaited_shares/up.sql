-- What waits for approval is found for all cases of an organisation at once.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index shares_by_state on shares (org_id, state);

reset role;
reset search_path;
