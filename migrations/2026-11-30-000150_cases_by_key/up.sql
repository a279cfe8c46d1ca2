-- A case is found by what it is about, as its type tells it from others (a vehicle by its
-- registration mark), by everybody who sees it: that says nothing of people.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- Past row-level security, for this one statement: the owner of a table has no policy on it.
alter table cases no force row level security;
-- What was closed before there was a key is found by it too, and stands in nobody's way.
update cases set open_case_key = upper(regexp_replace(details ->> 'vrm', '\s', '', 'g'))
 where type = 'abandoned_vehicle' and open_case_key is null and details ->> 'vrm' is not null;
alter table cases force row level security;

alter table case_access add column open_case_key text;
-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index case_access_by_open_case_key on case_access (org_id, open_case_key)
  where open_case_key is not null;

-- Whoever comes to see a case finds it by its key from then on.
create function take_open_case_key() returns trigger language plpgsql security definer
  set search_path = wardlink, pg_temp as $$
begin
  new.open_case_key := (select c.open_case_key from cases c where c.id = new.case_id);
  return new;
end $$;

create function project_open_case_key() returns trigger language plpgsql security definer
  set search_path = wardlink, pg_temp as $$
begin
  update case_access set open_case_key = new.open_case_key where case_id = new.id;
  return null;
end $$;

create trigger take_open_case_key before insert on case_access
  for each row execute function take_open_case_key();
create trigger project_open_case_key after update on cases
  for each row when (new.open_case_key is distinct from old.open_case_key)
  execute function project_open_case_key();

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.take_open_case_key() owner to wardlink_definer;
alter function wardlink.project_open_case_key() owner to wardlink_definer;
set local role wardlink_definer;
set local search_path = wardlink, pg_temp;

update case_access a set open_case_key = c.open_case_key
  from cases c
 where c.id = a.case_id and c.open_case_key is not null;

reset role;
revoke create on schema wardlink from wardlink_definer;
revoke execute on function wardlink.take_open_case_key(), wardlink.project_open_case_key() from public;
reset search_path;
