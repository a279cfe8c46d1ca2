-- What was tried in vain is found by what it was tried on: by whoever tried, as they typed it,
-- and by who owns the case.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

create policy definer on attachments for select to wardlink_definer using (org_id is not null);
grant select (id, org_id, case_id, case_org_id) on attachments to wardlink_definer;

-- Whoever is refused has no context, and may see no such case. Of a case that was typed the
-- owner is found, whatever the case is to them: the service writes it down whether there is one
-- or not, so they cannot tell. Of what belongs to a case the case is found only where their
-- organisation sees it.
create function find_tried_case() returns trigger language plpgsql security definer
  set search_path = wardlink, pg_temp as $$
declare
  tried record;
begin
  if cardinality(new.case_ids) > 0 then
    select array_agg(coalesce(c.org_id, typed.owner) order by typed.place) as owners into tried
      from unnest(new.case_ids, new.case_org_ids) with ordinality typed (id, owner, place)
      left join cases c on c.id = typed.id;
    new.case_org_ids := tried.owners;
    return new;
  end if;
  select it.case_id, it.case_org_id into tried
    from (select s.id, s.case_id, s.org_id as case_org_id from shares s
          union all select t.id, t.case_id, t.case_org_id from tasks t
          union all select f.id, f.case_id, f.case_org_id from attachments f) it
   where it.id = any (new.record_ids)
     and exists (select from case_access a where a.org_id = new.org_id and a.case_id = it.case_id
       and (a.expires_at is null or a.expires_at > now()) offset 0)
   limit 1;
  if found then
    new.case_ids := array[tried.case_id];
    new.case_org_ids := array[tried.case_org_id];
  end if;
  return new;
end $$;
create trigger find_tried_case before insert on audit_events for each row
  when (new.outcome <> 'done' and new.op = 'security'
    and cardinality(new.case_ids) + cardinality(new.record_ids) > 0)
  execute function find_tried_case();

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.find_tried_case() owner to wardlink_definer;
revoke create on schema wardlink from wardlink_definer;
revoke execute on function wardlink.find_tried_case() from public;
reset search_path;
