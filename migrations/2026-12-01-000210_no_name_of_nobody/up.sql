-- Nobody has no name: of NULL, as who approved a share that needed no approval, nothing is looked up.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

alter function name_of(uuid) strict;

reset role;
reset search_path;
