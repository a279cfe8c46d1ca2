-- Whoever owns a case cancels what others agreed on it between them: where they no longer
-- see the case nobody else can, and their task stays open for good.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- Of an ended task too, so that it is found and locked: it has ended, and is not withheld.
-- What may be changed of it the trigger below says.
create policy case_owner_cancels on tasks for update to wardlink_app
  using (case_org_id = app_org()
    and exists (select from case_access a where a.case_id = tasks.case_id and a.level = 'owner' offset 0))
  with check (case_org_id = app_org() and state = 'cancelled'
    and exists (select from case_access a where a.case_id = tasks.case_id and a.level = 'owner' offset 0));
-- It is enough to pass one check, whichever policy found the row: this one is for the sides,
-- and for whoever was one until this change and passed the task on.
alter policy sides_change on tasks
  with check ((app_org() in (org_id, owner_org_id) or app_org() = any (previous_owner_org_ids))
    and exists (select from case_access a where a.case_id = tasks.case_id offset 0));

-- A policy does not compare a row with what it was.
create function case_owner_only_cancels() returns trigger language plpgsql
  set search_path = wardlink, pg_temp as $$
declare
  ended tasks := old;
begin
  ended.state := 'cancelled';
  ended.accept_due_at := null;
  ended.offer := null;
  ended.ended_at := new.ended_at;
  ended.updated_at := new.updated_at;
  ended.version := new.version;
  if old.state not in ('proposed', 'assigned', 'in_progress', 'blocked', 'submitted')
     or new.ended_at is null or new is distinct from ended then
    raise insufficient_privilege using message = 'who owns the case cancels an open task on it, and no more';
  end if;
  return new;
end $$;
revoke execute on function case_owner_only_cancels() from public;
create trigger case_owner_only_cancels before update on tasks
  for each row when (old.case_org_id = app_org() and app_org() not in (old.org_id, old.owner_org_id))
  execute function case_owner_only_cancels();

reset role;
reset search_path;
