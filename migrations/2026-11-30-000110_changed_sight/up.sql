-- What came into an organisation's sight is found by when it did, and so is what was shared
-- with it anew on other terms, though the case itself stayed as it was.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- When the case or the share by which it is seen was last changed.
alter table case_access add column changed_at timestamptz not null default now();

reset role;
grant create on schema wardlink to wardlink_definer;
set local role wardlink_definer;
set local search_path = wardlink, pg_temp;

-- Of a share that was narrowed before, the time of that.
update case_access a
   set changed_at = greatest(a.updated_at, a.since,
     (select s.updated_at from shares s where s.case_id = a.case_id and s.id = a.share_id));

-- As before, with the time of the change.
create or replace function project_case() returns trigger language plpgsql security definer
  set search_path = wardlink, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  if tg_op = 'INSERT' then
    insert into case_access (org_id, case_id, case_org_id, level, data_classes, since, partnership_id, ref, type,
      state, status_class, public_status, title, priority, sensitive, ward_gss, lead_user_id, due_at,
      opened_at, updated_at, changed_at, version, search)
    values (new.org_id, new.id, new.org_id, 'owner',
      '{core,location,subjects,notes,attachments,intelligence}', new.opened_at, new.partnership_id, new.ref,
      new.type, new.state, new.status_class, new.public_status, new.title, new.priority, new.sensitive,
      new.ward_gss, new.lead_user_id, new.due_at, new.opened_at, new.updated_at, new.updated_at, new.version,
      case_search(new.title, new.description, new.ref, null));
  else
    update case_access a
       set state = new.state, status_class = new.status_class, public_status = new.public_status,
           title = new.title, priority = new.priority, sensitive = new.sensitive, ward_gss = new.ward_gss,
           lead_user_id = case when a.level = 'owner' then new.lead_user_id else a.lead_user_id end,
           due_at = new.due_at, updated_at = new.updated_at,
           changed_at = greatest(a.changed_at, new.updated_at), version = new.version,
           search = case when new.title = old.title and new.description = old.description then a.search
             else case_search(new.title, new.description, new.ref,
               (select l.address from case_locations l
                 where l.case_id = new.id and 'location' = any (a.data_classes))) end
     where a.case_id = new.id;
  end if;
  return null;
end $$;

-- As before, with the time of the share.
create or replace function project_share() returns trigger language plpgsql security definer
  set search_path = wardlink, pg_temp as $$
begin
  delete from case_access a
   where a.org_id = new.to_org_id and a.case_id = new.case_id and a.level <> 'owner'
     and not exists (select from shares s where s.case_id = new.case_id and s.to_org_id = new.to_org_id
       and s.state = 'active');
  insert into case_access (org_id, case_id, case_org_id, level, data_classes, share_id, since, expires_at,
      partnership_id, ref, type, state, status_class, public_status, title, priority, sensitive, ward_gss,
      lead_user_id, lon, lat, uprn, due_at, opened_at, updated_at, changed_at, version, search)
    select s.to_org_id, c.id, c.org_id, s.level, s.data_classes, s.id, coalesce(s.approved_at, s.created_at),
           s.expires_at, c.partnership_id, c.ref, c.type, c.state, c.status_class, c.public_status, c.title,
           c.priority, c.sensitive, c.ward_gss, p.lead_user_id, l.lon, l.lat, nullif(ltrim(l.uprn, '0'), ''),
           c.due_at, c.opened_at, c.updated_at, greatest(c.updated_at, s.updated_at), c.version,
           case_search(c.title, c.description, c.ref, l.address)
      from shares s
      join cases c on c.id = s.case_id
      left join case_positions p on p.case_id = c.id and p.org_id = s.to_org_id
      left join case_locations l on l.case_id = c.id and 'location' = any (s.data_classes)
     where s.case_id = new.case_id and s.to_org_id = new.to_org_id and s.state = 'active'
  on conflict (org_id, case_id) do update
    set level = excluded.level, data_classes = excluded.data_classes, share_id = excluded.share_id,
        expires_at = excluded.expires_at, lon = excluded.lon, lat = excluded.lat, uprn = excluded.uprn,
        changed_at = greatest(case_access.changed_at, excluded.changed_at), search = excluded.search;
  return null;
end $$;

reset role;
revoke create on schema wardlink from wardlink_definer;
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index case_access_by_change on case_access (org_id, changed_at);

reset role;
reset search_path;
