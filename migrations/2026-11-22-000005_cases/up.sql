-- Cases, what belongs to them, and who may see them.
--
-- case_access is the one source of visibility: a row per organisation that may
-- see a case, which is also the list projection. It is kept by triggers, in the
-- transaction of the change, so no statement elsewhere can forget it.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

create table cases (
  id uuid primary key,
  org_id uuid not null references organisations (id),
  partnership_id uuid not null references partnerships (id),
  ref text not null,
  type text not null,
  state text not null,
  status_class text not null check (status_class in ('open', 'closed')),
  public_status text not null,
  title text not null,
  description text not null,
  priority text not null default 'standard' check (priority in ('standard', 'medium', 'high')),
  qualifier text check (qualifier in ('personal', 'nuisance', 'environmental')),
  risk_band text check (risk_band in ('standard', 'medium', 'high')),
  sensitive boolean not null default false,
  regime text not null check (regime in ('le_part3', 'general_ukgdpr')),
  details jsonb not null default '{}',
  lead_user_id uuid,
  ward_gss text not null,
  ward_gss_at_report text not null,
  occurred_from timestamptz,
  occurred_to timestamptz check (occurred_to >= occurred_from),
  outcome text,
  due_at timestamptz,
  opened_at timestamptz not null,
  opened_by uuid not null,
  updated_at timestamptz not null,
  closed_at timestamptz,
  version bigint not null default 1,
  unique (org_id, id),
  unique (org_id, ref),
  foreign key (org_id, lead_user_id) references users (org_id, id),
  foreign key (org_id, opened_by) references users (org_id, id)
);

-- Where exactly: its own data class, so its own table.
create table case_locations (
  case_id uuid primary key,
  org_id uuid not null,
  lon double precision not null check (lon between -180 and 180),
  lat double precision not null check (lat between -90 and 90),
  address text,
  uprn text,
  usrn text,
  foreign key (org_id, case_id) references cases (org_id, id)
);

create table case_access (
  org_id uuid not null references organisations (id),
  case_id uuid not null,
  case_org_id uuid not null,
  level text not null check (level in ('owner', 'contribute', 'view')),
  data_classes text[] not null,
  share_id uuid,
  since timestamptz not null,
  expires_at timestamptz,
  partnership_id uuid not null,
  ref text not null,
  type text not null,
  state text not null,
  status_class text not null,
  public_status text not null,
  title text not null,
  priority text not null,
  sensitive boolean not null,
  ward_gss text not null,
  lead_user_id uuid,
  lon double precision,
  lat double precision,
  due_at timestamptz,
  opened_at timestamptz not null,
  updated_at timestamptz not null,
  version bigint not null,
  search tsvector not null,
  primary key (org_id, case_id),
  foreign key (case_org_id, case_id) references cases (org_id, id)
);
create index case_access_by_case on case_access (case_id);
create index case_access_recent on case_access (org_id, updated_at desc, case_id desc);
create index case_access_recent_by_status on case_access (org_id, status_class, updated_at desc, case_id desc);
create index case_access_recent_by_type on case_access (org_id, type, updated_at desc, case_id desc);
create index case_access_recent_by_ward on case_access (org_id, ward_gss, updated_at desc, case_id desc);
create index case_access_opened on case_access (org_id, opened_at desc, case_id desc);
create index case_access_due on case_access (org_id, due_at, case_id) where due_at is not null;
create index case_access_lead on case_access (org_id, lead_user_id, updated_at desc) where lead_user_id is not null;
create index case_access_search on case_access using gin (search);

create table shares (
  id uuid primary key,
  org_id uuid not null,
  case_id uuid not null,
  to_org_id uuid not null references organisations (id),
  level text not null check (level in ('contribute', 'view')),
  data_classes text[] not null,
  gateway text not null,
  -- The form, condition, consent or order that the gateway rests on.
  gateway_reference text,
  agreement_org_id uuid,
  agreement_id uuid,
  purpose text not null,
  -- How the share safeguards a child concerned (Children Act 2004 s.11).
  safeguarding_note text,
  quality jsonb,
  ad_hoc_reason text,
  state text not null check (state in ('awaiting_approval', 'awaiting_originator', 'active', 'refused',
    'superseded', 'revoked', 'recalled', 'expired')),
  requested_by uuid not null,
  requested_by_org_id uuid not null,
  approved_by uuid,
  approved_at timestamptz,
  expires_at timestamptz,
  ended_at timestamptz,
  ended_by uuid,
  end_reason text,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check (to_org_id <> org_id),
  check (approved_by is null or approved_by <> requested_by),
  unique (org_id, id),
  foreign key (org_id, case_id) references cases (org_id, id),
  foreign key (agreement_org_id, agreement_id) references agreements (org_id, id) match full
);
create index shares_by_case on shares (case_id);
create unique index shares_one_active on shares (org_id, case_id, to_org_id) where state = 'active';
create index shares_expiring on shares (expires_at) where state = 'active' and expires_at is not null;

-- Each organisation's own stance on a case.
create table case_positions (
  org_id uuid not null,
  case_id uuid not null,
  case_org_id uuid not null,
  stance text not null check (stance in ('leading', 'supporting', 'monitoring', 'no_role')),
  summary text,
  lead_user_id uuid,
  updated_by uuid not null,
  updated_at timestamptz not null default now(),
  primary key (org_id, case_id),
  foreign key (case_org_id, case_id) references cases (org_id, id),
  foreign key (org_id, lead_user_id) references users (org_id, id)
);

create table case_clocks (
  id uuid primary key,
  org_id uuid not null,
  case_id uuid not null,
  name text not null,
  rule jsonb not null,
  basis text not null check (basis in ('statute', 'regulation', 'code', 'local_policy')),
  start_event text not null,
  started_at timestamptz not null,
  due_at timestamptz not null,
  pauses jsonb not null default '[]',
  stopped_at timestamptz,
  result text check (result in ('met', 'missed', 'void')),
  foreign key (org_id, case_id) references cases (org_id, id)
);
create index case_clocks_by_case on case_clocks (case_id);

create table notes (
  id uuid primary key,
  org_id uuid not null,
  case_id uuid not null,
  case_org_id uuid not null,
  author_user_id uuid not null,
  body text not null,
  audience text not null check (audience in ('own', 'partners', 'named')),
  audience_org_ids uuid[] not null default '{}',
  basis text not null check (basis in ('fact', 'assessment')),
  created_at timestamptz not null default now(),
  foreign key (case_org_id, case_id) references cases (org_id, id),
  foreign key (org_id, author_user_id) references users (org_id, id)
);
create index notes_by_case on notes (case_id, created_at);

create table subjects (
  id uuid primary key,
  org_id uuid not null,
  case_id uuid not null,
  case_org_id uuid not null,
  kind text not null check (kind in ('person', 'vehicle', 'premises', 'organisation')),
  role text not null,
  basis text not null check (basis in ('fact', 'assessment')),
  is_child boolean not null default false,
  particulars jsonb not null,
  added_by uuid not null,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  foreign key (case_org_id, case_id) references cases (org_id, id),
  foreign key (org_id, added_by) references users (org_id, id)
);
create index subjects_by_case on subjects (case_id);

create table case_links (
  id uuid primary key,
  org_id uuid not null,
  case_id uuid not null,
  case_org_id uuid not null,
  linked_case_id uuid not null,
  linked_case_org_id uuid not null,
  kind text not null check (kind in ('duplicate_of', 'related', 'recurrence', 'parent')),
  reason text,
  linked_by uuid not null,
  created_at timestamptz not null default now(),
  check (case_id <> linked_case_id),
  unique (org_id, case_id, linked_case_id, kind),
  foreign key (case_org_id, case_id) references cases (org_id, id),
  foreign key (linked_case_org_id, linked_case_id) references cases (org_id, id),
  foreign key (org_id, linked_by) references users (org_id, id)
);
create index case_links_by_case on case_links (case_id);
create index case_links_by_linked_case on case_links (linked_case_id);

create table attachments (
  id uuid primary key,
  org_id uuid not null,
  case_id uuid not null,
  case_org_id uuid not null,
  file_name text not null,
  media_type text not null,
  size_bytes bigint not null,
  sha256 bytea not null,
  phase text not null check (phase in ('before', 'after', 'scene', 'evidence', 'document')),
  taken_at timestamptz,
  -- EXIF orientation of the original, which the served copy no longer carries.
  orientation smallint check (orientation between 1 and 8),
  state text not null check (state in ('quarantined', 'available', 'rejected', 'unscanned')),
  scan_result text,
  uploaded_by uuid not null,
  created_at timestamptz not null default now(),
  foreign key (case_org_id, case_id) references cases (org_id, id),
  foreign key (org_id, uploaded_by) references users (org_id, id)
);
create index attachments_by_case on attachments (case_id);

-- What happened, for the timeline and for whoever listens: small facts, no
-- content. The lock makes the order of seq within a case its order of commit.
create table outbox_events (
  seq bigint generated always as identity primary key,
  id uuid not null default gen_random_uuid(),
  tx xid8 not null default pg_current_xact_id(),
  at timestamptz not null default clock_timestamp(),
  org_id uuid not null,
  actor_user_id uuid,
  on_behalf_of text,
  case_id uuid,
  case_org_id uuid,
  name text not null,
  data_class text not null default 'core',
  -- NULL: every organisation that may see the case.
  audience_org_ids uuid[],
  record_id uuid,
  request_id uuid,
  facts jsonb not null default '{}',
  foreign key (case_org_id, case_id) references cases (org_id, id) match full
);
create index outbox_events_by_case on outbox_events (case_id, seq);

create function order_case_events() returns trigger language plpgsql
  set search_path = wardlink, pg_temp as $$
begin
  if new.case_id is not null then
    perform pg_advisory_xact_lock(hashtextextended(new.case_id::text, 0));
    new.seq := nextval(pg_get_serial_sequence('wardlink.outbox_events', 'seq'));
    new.at := clock_timestamp();
  end if;
  return new;
end $$;

alter table cases enable row level security, force row level security;
alter table case_locations enable row level security, force row level security;
alter table case_access enable row level security, force row level security;
alter table shares enable row level security, force row level security;
alter table case_positions enable row level security, force row level security;
alter table case_clocks enable row level security, force row level security;
alter table notes enable row level security, force row level security;
alter table subjects enable row level security, force row level security;
alter table case_links enable row level security, force row level security;
alter table attachments enable row level security, force row level security;
alter table outbox_events enable row level security, force row level security;

create policy own on case_access for select to wardlink_app
  using (org_id = app_org() and (expires_at is null or expires_at > now())
    and (app_scope() is null
      or app_scope() && array[ward_gss || '/' || type, ward_gss || '/*', '*/' || type]));
create policy definer on case_access to wardlink_definer
  using (org_id is not null) with check (org_id is not null);

-- OFFSET 0 keeps the planner from hashing the whole tenant for one row.
create policy seen on cases for select to wardlink_app
  using (exists (select from case_access a where a.case_id = cases.id offset 0));
create policy own_adds on cases for insert to wardlink_app
  with check (org_id = app_org() and partnership_id = any (app_partnerships()));
create policy contributes on cases for update to wardlink_app
  using (exists (select from case_access a where a.case_id = cases.id and a.level in ('owner', 'contribute') offset 0))
  with check (exists (select from case_access a where a.case_id = cases.id and a.level in ('owner', 'contribute') offset 0));
create policy definer on cases for select to wardlink_definer using (org_id is not null);

create policy seen on case_locations for select to wardlink_app
  using (exists (select from case_access a where a.case_id = case_locations.case_id
    and 'location' = any (a.data_classes) offset 0));
create policy own_adds on case_locations for insert to wardlink_app with check (org_id = app_org());
create policy own_changes on case_locations for update to wardlink_app
  using (org_id = app_org() and exists (select from case_access a where a.case_id = case_locations.case_id offset 0))
  with check (org_id = app_org());
create policy definer on case_locations for select to wardlink_definer using (org_id is not null);

create policy seen on shares for select to wardlink_app
  using (exists (select from case_access a where a.case_id = shares.case_id offset 0));
create policy originator_adds on shares for insert to wardlink_app
  with check (requested_by_org_id = app_org() and requested_by = app_user()
    and (org_id = app_org() or state = 'awaiting_originator')
    and exists (select from case_access a where a.case_id = shares.case_id
      and a.level in ('owner', 'contribute') offset 0));
create policy originator_changes on shares for update to wardlink_app
  using (org_id = app_org() and exists (select from case_access a where a.case_id = shares.case_id offset 0))
  with check (org_id = app_org());
create policy definer on shares for select to wardlink_definer using (org_id is not null);
create policy expirer on shares to wardlink_worker
  using (state in ('active', 'expired')) with check (state = 'expired');

create policy own on case_positions for select to wardlink_app
  using (exists (select from case_access a where a.case_id = case_positions.case_id offset 0));
create policy own_adds on case_positions for insert to wardlink_app
  with check (org_id = app_org()
    and exists (select from case_access a where a.case_id = case_positions.case_id offset 0));
create policy own_changes on case_positions for update to wardlink_app
  using (org_id = app_org()
    and exists (select from case_access a where a.case_id = case_positions.case_id offset 0))
  with check (org_id = app_org());
create policy definer on case_positions for select to wardlink_definer using (org_id is not null);

create policy seen on case_clocks for select to wardlink_app
  using (exists (select from case_access a where a.case_id = case_clocks.case_id offset 0));
create policy contributes on case_clocks for insert to wardlink_app
  with check (exists (select from case_access a where a.case_id = case_clocks.case_id
    and a.level in ('owner', 'contribute') offset 0));
create policy contributes_changes on case_clocks for update to wardlink_app
  using (exists (select from case_access a where a.case_id = case_clocks.case_id
    and a.level in ('owner', 'contribute') offset 0))
  with check (exists (select from case_access a where a.case_id = case_clocks.case_id offset 0));

create policy seen on notes for select to wardlink_app
  using (exists (select from case_access a where a.case_id = notes.case_id and 'notes' = any (a.data_classes) offset 0)
    and (org_id = app_org() or audience = 'partners' or app_org() = any (audience_org_ids)));
create policy contributes on notes for insert to wardlink_app
  with check (org_id = app_org() and exists (select from case_access a where a.case_id = notes.case_id
    and a.level in ('owner', 'contribute') and 'notes' = any (a.data_classes) offset 0));

create policy seen on subjects for select to wardlink_app
  using (exists (select from case_access a where a.case_id = subjects.case_id
    and 'subjects' = any (a.data_classes) offset 0));
create policy contributes on subjects for insert to wardlink_app
  with check (org_id = app_org() and exists (select from case_access a where a.case_id = subjects.case_id
    and a.level in ('owner', 'contribute') and 'subjects' = any (a.data_classes) offset 0));
create policy own_changes on subjects for update to wardlink_app
  using (org_id = app_org() and exists (select from case_access a where a.case_id = subjects.case_id
    and a.level in ('owner', 'contribute') and 'subjects' = any (a.data_classes) offset 0))
  with check (org_id = app_org());
create policy own_erases on subjects for delete to wardlink_app
  using (org_id = app_org() and exists (select from case_access a where a.case_id = subjects.case_id
    and a.level in ('owner', 'contribute') and 'subjects' = any (a.data_classes) offset 0));

create policy both_seen on case_links for select to wardlink_app
  using (exists (select from case_access a where a.case_id = case_links.case_id offset 0)
    and exists (select from case_access a where a.case_id = case_links.linked_case_id offset 0));
create policy contributes on case_links for insert to wardlink_app
  with check (org_id = app_org()
    and exists (select from case_access a where a.case_id = case_links.case_id
      and a.level in ('owner', 'contribute') offset 0)
    and exists (select from case_access a where a.case_id = case_links.linked_case_id offset 0));

create policy seen on attachments for select to wardlink_app
  using (exists (select from case_access a where a.case_id = attachments.case_id
    and 'attachments' = any (a.data_classes) offset 0));
create policy contributes on attachments for insert to wardlink_app
  with check (org_id = app_org() and exists (select from case_access a where a.case_id = attachments.case_id
    and a.level in ('owner', 'contribute') and 'attachments' = any (a.data_classes) offset 0));

create policy seen on outbox_events for select to wardlink_app
  using (exists (select from case_access a where a.case_id = outbox_events.case_id
      and outbox_events.data_class = any (a.data_classes) offset 0)
    and (audience_org_ids is null or app_org() = any (audience_org_ids)));
create policy acts on outbox_events for insert to wardlink_app with check (org_id = app_org());
create policy jobs on outbox_events for insert to wardlink_worker with check (actor_user_id is null);

grant select, insert, update on cases, case_locations, shares, case_positions, case_clocks to wardlink_app;
grant select, insert on notes, case_links, attachments, outbox_events to wardlink_app;
grant select, insert, update, delete on subjects to wardlink_app;
grant select on case_access to wardlink_app;
grant usage on sequence outbox_events_seq_seq to wardlink_app, wardlink_worker;
grant select on cases, case_locations, shares, case_positions to wardlink_definer;
grant select, insert, update, delete on case_access to wardlink_definer;
grant select, update on shares to wardlink_worker;
grant insert on outbox_events to wardlink_worker;

create trigger order_case_events before insert on outbox_events
  for each row execute function order_case_events();

-- What is searchable is what may be read: the address only with `location`.
create function case_search(title text, description text, ref text, address text)
  returns tsvector language sql immutable parallel safe as $$
  select to_tsvector('english', title || ' ' || description || ' ' || coalesce(address, ''))
      || to_tsvector('simple', ref)
$$;

-- A search as people write it.
create function case_words(words text) returns tsquery language sql immutable parallel safe
  as $$ select websearch_to_tsquery('english', words) $$;

create function project_case() returns trigger language plpgsql security definer
  set search_path = wardlink, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    insert into case_access (org_id, case_id, case_org_id, level, data_classes, since, partnership_id, ref, type,
      state, status_class, public_status, title, priority, sensitive, ward_gss, lead_user_id, due_at,
      opened_at, updated_at, version, search)
    values (new.org_id, new.id, new.org_id, 'owner',
      '{core,location,subjects,notes,attachments,intelligence}', new.opened_at, new.partnership_id, new.ref,
      new.type, new.state, new.status_class, new.public_status, new.title, new.priority, new.sensitive,
      new.ward_gss, new.lead_user_id, new.due_at, new.opened_at, new.updated_at, new.version,
      case_search(new.title, new.description, new.ref, null));
  else
    update case_access a
       set state = new.state, status_class = new.status_class, public_status = new.public_status,
           title = new.title, priority = new.priority, sensitive = new.sensitive, ward_gss = new.ward_gss,
           lead_user_id = case when a.level = 'owner' then new.lead_user_id else a.lead_user_id end,
           due_at = new.due_at, updated_at = new.updated_at, version = new.version,
           search = case when new.title = old.title and new.description = old.description then a.search
             else case_search(new.title, new.description, new.ref,
               (select l.address from case_locations l
                 where l.case_id = new.id and 'location' = any (a.data_classes))) end
     where a.case_id = new.id;
  end if;
  return null;
end $$;

create function project_location() returns trigger language plpgsql security definer
  set search_path = wardlink, pg_temp as $$
begin
  update case_access a
     set lon = new.lon, lat = new.lat,
         search = case_search(c.title, c.description, c.ref, new.address)
    from cases c
   where c.id = new.case_id and a.case_id = new.case_id and 'location' = any (a.data_classes);
  return null;
end $$;

create function project_share() returns trigger language plpgsql security definer
  set search_path = wardlink, pg_temp as $$
begin
  delete from case_access a
   where a.org_id = new.to_org_id and a.case_id = new.case_id and a.level <> 'owner'
     and not exists (select from shares s where s.case_id = new.case_id and s.to_org_id = new.to_org_id
       and s.state = 'active');
  insert into case_access (org_id, case_id, case_org_id, level, data_classes, share_id, since, expires_at,
      partnership_id, ref, type, state, status_class, public_status, title, priority, sensitive, ward_gss,
      lead_user_id, lon, lat, due_at, opened_at, updated_at, version, search)
    select s.to_org_id, c.id, c.org_id, s.level, s.data_classes, s.id, coalesce(s.approved_at, s.created_at),
           s.expires_at, c.partnership_id, c.ref, c.type, c.state, c.status_class, c.public_status, c.title,
           c.priority, c.sensitive, c.ward_gss, p.lead_user_id, l.lon, l.lat, c.due_at, c.opened_at,
           c.updated_at, c.version, case_search(c.title, c.description, c.ref, l.address)
      from shares s
      join cases c on c.id = s.case_id
      left join case_positions p on p.case_id = c.id and p.org_id = s.to_org_id
      left join case_locations l on l.case_id = c.id and 'location' = any (s.data_classes)
     where s.case_id = new.case_id and s.to_org_id = new.to_org_id and s.state = 'active'
  on conflict (org_id, case_id) do update
    set level = excluded.level, data_classes = excluded.data_classes, share_id = excluded.share_id,
        expires_at = excluded.expires_at, lon = excluded.lon, lat = excluded.lat, search = excluded.search;
  return null;
end $$;

create function project_position() returns trigger language plpgsql security definer
  set search_path = wardlink, pg_temp as $$
begin
  update case_access a set lead_user_id = new.lead_user_id
   where a.org_id = new.org_id and a.case_id = new.case_id and a.level <> 'owner';
  return null;
end $$;

create trigger project_case after insert or update on cases
  for each row execute function project_case();
create trigger project_location after insert or update on case_locations
  for each row execute function project_location();
create trigger project_share after insert or update on shares
  for each row execute function project_share();
create trigger project_position after insert or update on case_positions
  for each row execute function project_position();

-- When each organisation last looked at a case the caller can see.
create function last_looks(p_case uuid) returns table (org_id uuid, at timestamptz)
  language sql stable security definer set search_path = wardlink, pg_temp as $$
  select e.org_id, max(e.at) from audit_events e
   where e.case_ids @> array[p_case] and e.op = 'consultation' and e.outcome = 'done'
     and exists (select from case_access a where a.org_id = app_org() and a.case_id = p_case
       and (a.expires_at is null or a.expires_at > now()))
   group by e.org_id
$$;

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.project_case() owner to wardlink_definer;
alter function wardlink.project_location() owner to wardlink_definer;
alter function wardlink.project_share() owner to wardlink_definer;
alter function wardlink.project_position() owner to wardlink_definer;
alter function wardlink.last_looks(uuid) owner to wardlink_definer;
revoke create on schema wardlink from wardlink_definer;
revoke execute on all functions in schema wardlink from public;
grant execute on all functions in schema wardlink to wardlink_app, wardlink_worker, wardlink_definer;

reset role;
reset search_path;
