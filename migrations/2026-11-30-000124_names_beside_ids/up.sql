-- Whom a record names, by name, in the statement that reads the record.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- As names_of() says it; NULL where the caller may not know it.
create function name_of(p_id uuid) returns text language sql stable set search_path = wardlink, pg_temp
  as $$ select n.name from names_of(array[p_id]) n $$;

reset role;
revoke execute on function wardlink.name_of(uuid) from public;
grant execute on function wardlink.name_of(uuid) to wardlink_app;
reset search_path;
