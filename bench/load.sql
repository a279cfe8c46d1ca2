-- Loads the cases numbered :first to :last of :total, as what the triggers would make
-- of them. Run as superuser; several may run beside each other on ranges of their own.
set session_replication_role = replica;
set synchronous_commit = off;
set search_path = wardlink, bench, pg_temp;
begin;

create temp view numbered as
  select i, i % 20 as k,
         ('01900000-0000-7000-8000-' || (100000000000 + i))::uuid as id,
         'BEN-' || lpad(i::text, 8, '0') as ref,
         t.type, t.state, t.public_status, w.title, w.description, w.address, w.search, g.gss,
         -0.14 + (i % 997) * 0.00001 as lon, 51.54 + (i % 991) * 0.00001 as lat,
         now() - interval '1 year' * (1 - i::float8 / :total) as at
    from generate_series(:first::bigint, :last::bigint) i
    join types t on t.k = i / 20 % 3
    join words w on w.k = i / 20 % 1000
    join ward_codes g on g.k = i / 60 % (select count(*) from ward_codes);

insert into cases (id, org_id, partnership_id, ref, type, state, status_class, public_status, title, description,
    regime, ward_gss, ward_gss_at_report, due_at, opened_at, opened_by, updated_at)
  select n.id, o.org_id, o.partnership_id, n.ref, n.type, n.state, 'open', n.public_status, n.title, n.description,
         'general_ukgdpr', n.gss, n.gss, n.at + interval '30 days', n.at, o.user_id, n.at
    from numbered n join parties o using (k);

insert into case_locations (case_id, org_id, lon, lat, address)
  select n.id, o.org_id, n.lon, n.lat, n.address from numbered n join parties o using (k);

-- The clock that every graffiti case starts with, as the server itself wrote it.
insert into case_clocks (id, org_id, case_id, name, rule, basis, start_event, started_at, due_at)
  select ('01900004-0000-7000-8000-' || (100000000000 + n.i))::uuid, o.org_id, n.id, c.name, c.rule, c.basis,
         c.start_event, n.at, n.at + interval '1 day'
    from numbered n join parties o using (k) cross join clock c where n.type = 'graffiti';

-- Each case is shared with two others, of twenty.
insert into shares (id, org_id, case_id, to_org_id, level, data_classes, gateway, purpose, state, requested_by,
    requested_by_org_id, created_at, updated_at)
  select ('0190000' || s.which || '-0000-7000-8000-' || (100000000000 + n.i))::uuid, o.org_id, n.id, p.org_id, s.level,
         '{core,location}', 'cda1998_s115', 'case_work', 'active', o.user_id, o.org_id, n.at, n.at
    from numbered n join parties o using (k)
    cross join (values (2, 1, 'contribute'), (3, 7, 'view')) s (which, away, level)
    join parties p on p.k = (n.k + s.away) % 20;

insert into case_access (org_id, case_id, case_org_id, level, data_classes, share_id, since, partnership_id, ref,
    type, state, status_class, public_status, title, priority, sensitive, ward_gss, lon, lat, due_at, opened_at,
    updated_at, changed_at, version, search)
  select p.org_id, n.id, o.org_id, s.level, s.classes::text[],
         case when s.away > 0 then ('0190000' || s.which || '-0000-7000-8000-' || (100000000000 + n.i))::uuid end,
         n.at, o.partnership_id, n.ref, n.type, n.state, 'open', n.public_status, n.title, 'standard', false, n.gss,
         n.lon, n.lat, n.at + interval '30 days', n.at, n.at, n.at, 1, n.search || to_tsvector('simple', n.ref)
    from numbered n join parties o using (k)
    cross join (values (0, 0, 'owner', '{core,location,subjects,notes,attachments,intelligence}'),
                       (2, 1, 'contribute', '{core,location}'), (3, 7, 'view', '{core,location}'))
      s (which, away, level, classes)
    join parties p on p.k = (n.k + s.away) % 20;
commit;
