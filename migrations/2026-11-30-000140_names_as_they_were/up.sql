-- What people, organisations and teams were called before: the log names whom it is about as
-- they were called when it was written.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

create table former_names (
  -- The person, organisation or team.
  id uuid not null,
  org_id uuid not null references organisations (id),
  -- NULL where it was erased.
  name text,
  -- When it was called otherwise, by the clock of the log.
  until timestamptz not null default clock_timestamp(),
  primary key (id, until)
);
alter table former_names enable row level security, force row level security;

create policy definer on former_names for select to wardlink_definer using (org_id is not null);
create policy definer_adds on former_names for insert to wardlink_definer with check (org_id is not null);
grant select, insert on former_names to wardlink_definer;

-- A lawful erasure takes away what somebody was called, and leaves that it was something else.
create policy eraser on former_names for select to wardlink_owner using (org_id is not null);
create policy eraser_empties on former_names for update to wardlink_owner
  using (org_id is not null) with check (name is null);

create function erase_former_names(p_id uuid, p_rule text) returns void language plpgsql
  set search_path = wardlink, pg_temp as $$
declare
  whose uuid := (select f.org_id from former_names f where f.id = p_id limit 1);
begin
  if whose is null then
    raise exception '% was never called otherwise', p_id;
  end if;
  update former_names set name = null where id = p_id;
  insert into audit_events (op, action, outcome, org_id, purpose, request_id, record_ids, facts)
    values ('erasure', 'job.erase_former_names', 'done', whose, 'complaint_or_rights_request',
      gen_random_uuid(), array[p_id], jsonb_build_object('rule', p_rule));
end $$;
revoke execute on function erase_former_names(uuid, text) from public;

-- An organisation is its own.
create function keep_former_name() returns trigger language plpgsql security definer
  set search_path = wardlink, pg_temp as $$
begin
  insert into former_names (id, org_id, name)
    values (old.id, coalesce((to_jsonb(old)->>'org_id')::uuid, old.id), old.name);
  return null;
end $$;
create trigger keep_former_name after update of name on users for each row
  when (old.name is distinct from new.name) execute function keep_former_name();
create trigger keep_former_name after update of name on organisations for each row
  when (old.name is distinct from new.name) execute function keep_former_name();
create trigger keep_former_name after update of name on teams for each row
  when (old.name is distinct from new.name) execute function keep_former_name();

-- Those of whom names_of() tells, the first first.
create function former_names_of(p_ids uuid[]) returns table (id uuid, name text, until timestamptz)
  language sql stable security definer set search_path = wardlink, pg_temp as $$
  select f.id, f.name, f.until
    from former_names f
   where f.id = any (p_ids) and f.id in (select n.id from names_of(p_ids) n)
   order by f.until
$$;

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.keep_former_name() owner to wardlink_definer;
alter function wardlink.former_names_of(uuid[]) owner to wardlink_definer;
revoke create on schema wardlink from wardlink_definer;
revoke execute on function wardlink.keep_former_name(), wardlink.former_names_of(uuid[]) from public;
grant execute on function wardlink.former_names_of(uuid[]) to wardlink_app;

reset role;
reset search_path;
