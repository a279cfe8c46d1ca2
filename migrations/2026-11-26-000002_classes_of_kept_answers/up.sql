-- A kept answer is given again only to whoever may still see what is in it.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

alter table idempotency_keys add column data_classes text[] not null default '{}';

reset role;
reset search_path;
