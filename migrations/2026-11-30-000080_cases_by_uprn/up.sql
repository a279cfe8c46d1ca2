-- Every case at an address is found by its UPRN, by whoever may see where it is.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- Without the zeros that some write before it.
alter table case_access add column uprn text;
-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index case_access_by_uprn on case_access (org_id, uprn) where uprn is not null;

reset role;
grant create on schema wardlink to wardlink_definer;
set local role wardlink_definer;
set local search_path = wardlink, pg_temp;

-- As before, with the UPRN.
create or replace function project_location() returns trigger language plpgsql security definer
  set search_path = wardlink, pg_temp as $$
begin
  update case_access a
     set lon = new.lon, lat = new.lat, uprn = nullif(ltrim(new.uprn, '0'), ''),
         search = case_search(c.title, c.description, c.ref, new.address)
    from cases c
   where c.id = new.case_id and a.case_id = new.case_id and 'location' = any (a.data_classes);
  return null;
end $$;

create or replace function project_share() returns trigger language plpgsql security definer
  set search_path = wardlink, pg_temp as $$
begin
  delete from case_access a
   where a.org_id = new.to_org_id and a.case_id = new.case_id and a.level <> 'owner'
     and not exists (select from shares s where s.case_id = new.case_id and s.to_org_id = new.to_org_id
       and s.state = 'active');
  insert into case_access (org_id, case_id, case_org_id, level, data_classes, share_id, since, expires_at,
      partnership_id, ref, type, state, status_class, public_status, title, priority, sensitive, ward_gss,
      lead_user_id, lon, lat, uprn, due_at, opened_at, updated_at, version, search)
    select s.to_org_id, c.id, c.org_id, s.level, s.data_classes, s.id, coalesce(s.approved_at, s.created_at),
           s.expires_at, c.partnership_id, c.ref, c.type, c.state, c.status_class, c.public_status, c.title,
           c.priority, c.sensitive, c.ward_gss, p.lead_user_id, l.lon, l.lat, nullif(ltrim(l.uprn, '0'), ''),
           c.due_at, c.opened_at, c.updated_at, c.version, case_search(c.title, c.description, c.ref, l.address)
      from shares s
      join cases c on c.id = s.case_id
      left join case_positions p on p.case_id = c.id and p.org_id = s.to_org_id
      left join case_locations l on l.case_id = c.id and 'location' = any (s.data_classes)
     where s.case_id = new.case_id and s.to_org_id = new.to_org_id and s.state = 'active'
  on conflict (org_id, case_id) do update
    set level = excluded.level, data_classes = excluded.data_classes, share_id = excluded.share_id,
        expires_at = excluded.expires_at, lon = excluded.lon, lat = excluded.lat, uprn = excluded.uprn,
        search = excluded.search;
  return null;
end $$;

update case_access a
   set uprn = nullif(ltrim(l.uprn, '0'), '')
  from case_locations l
 where l.case_id = a.case_id and l.uprn is not null and 'location' = any (a.data_classes);

reset role;
revoke create on schema wardlink from wardlink_definer;
reset search_path;
