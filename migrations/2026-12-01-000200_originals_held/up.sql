-- Of cases that are linked as duplicates in a ring one stays open, also where all are closed at
-- once: whoever takes a step by which a case may end as a duplicate holds those that it is one of
-- as they are.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- To lock a row takes the right to change it. None is changed: the check lets nothing pass.
create policy definer_holds on cases for update to wardlink_definer
  using (org_id is not null) with check (false);
grant update (id) on cases to wardlink_definer;

-- Keeps a case as it is until the transaction ends, also for who may only view it.
create function hold_case(p_case uuid) returns boolean language plpgsql volatile security definer
  set search_path = wardlink, pg_temp as $$
begin
  perform from cases c where c.id = p_case for share;
  return found;
end $$;

-- Locks a case, and keeps as they are those that it is linked to as their duplicate, of which
-- it answers the ids: all in the order of their ids, so that nobody waits in a circle. As far
-- as the caller sees them, and nothing of a case that they may not change.
create function hold_with_originals(p_case uuid) returns uuid[] language plpgsql volatile
  set search_path = wardlink, pg_temp as $$
declare
  next_id uuid;
  originals uuid[] := '{}';
begin
  if not exists (select from case_access a where a.case_id = p_case and a.level in ('owner', 'contribute')) then
    return originals;
  end if;
  for next_id in
    select l.linked_case_id from case_links l where l.case_id = p_case and l.kind = 'duplicate_of'
    union select p_case
    order by 1
  loop
    if next_id = p_case then
      perform from cases c where c.id = p_case for no key update;
    elsif hold_case(next_id) then
      originals := originals || next_id;
    end if;
  end loop;
  return originals;
end $$;

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.hold_case(uuid) owner to wardlink_definer;
revoke create on schema wardlink from wardlink_definer;
revoke execute on function wardlink.hold_case(uuid), wardlink.hold_with_originals(uuid) from public;
grant execute on function wardlink.hold_case(uuid), wardlink.hold_with_originals(uuid) to wardlink_app;
reset search_path;
