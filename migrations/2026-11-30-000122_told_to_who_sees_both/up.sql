-- That two cases are linked is told to who sees both, as the link is shown.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- Another case that an event tells of.
alter table outbox_events add column beside_case_id uuid;

-- Past row-level security, for this one statement: the owner of a table has no policy on it.
alter table outbox_events no force row level security;
alter table case_links no force row level security;
update outbox_events e
   set beside_case_id = case when l.case_id = e.case_id then l.linked_case_id else l.case_id end
  from case_links l
 where e.name = 'case.linked' and l.id = e.record_id;
alter table outbox_events force row level security;
alter table case_links force row level security;

-- As before; and whoever is told of two cases sees the other as well.
alter policy seen on outbox_events
  using (exists (select from case_access a where a.case_id = outbox_events.case_id
      and (outbox_events.data_class = any (a.data_classes)
        or (outbox_events.data_class = 'children' and 'subjects' = any (a.data_classes)
          and (outbox_events.org_id = app_org() or a.level = 'owner'
            or exists (select from shares s where s.id = a.share_id and s.shows_children offset 0)))) offset 0)
    and (audience_org_ids is null or app_org() = any (audience_org_ids))
    and (beside_case_id is null
      or exists (select from case_access b where b.case_id = outbox_events.beside_case_id offset 0)));

reset role;
reset search_path;
