-- An Idempotency-Key is the same in quotes and without: what was answered under one in quotes is
-- found by either.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- Past row-level security, for this one statement: the owner of a table has no policy on it.
alter table idempotency_keys no force row level security;
update idempotency_keys k
   set key = btrim(k.key, '"')
 where k.key ~ '^"[^"\\]+"$'
   and not exists (select from idempotency_keys other
     where other.org_id = k.org_id and other.user_id = k.user_id and other.method = k.method
       and other.path = k.path and other.key = btrim(k.key, '"'));
alter table idempotency_keys force row level security;

reset role;
reset search_path;
