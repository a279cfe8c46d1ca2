-- Who is a child is shown by shares that are for the child, whichever came first: a share
-- was refused where there was a child already, and showed one that was added afterwards.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- Whether it shows subjects who are children (Children Act 2004 s.11): the rules say so
-- when it is made, by its gateway and safeguarding note, which stay as they are.
alter table shares add column shows_children boolean not null default false;

-- Past row-level security, for this one statement: the owner of a table has no policy on it.
alter table shares no force row level security;
update shares set shows_children = true
 where gateway in ('SAFEGUARD', 'ASB104', 'COURT')
    or (gateway in ('CDA115', 'DPA_S35_36', 'DPA_SCH1') and btrim(coalesce(safeguarding_note, '')) <> '');
alter table shares force row level security;

-- Decided when it is read, so that it holds whatever is shared while a child is added.
alter policy seen on subjects
  using (exists (select from case_access a where a.case_id = subjects.case_id
    and 'subjects' = any (a.data_classes)
    and (not subjects.is_child or subjects.org_id = app_org() or a.level = 'owner'
      or exists (select from shares s where s.id = a.share_id and s.shows_children offset 0)) offset 0));

-- What happened to a subject who is a child is of the class `children`.
alter table outbox_events no force row level security;
alter table subjects no force row level security;
update outbox_events e set data_class = 'children'
  from subjects s
 where e.name like 'subject.%' and s.id = e.record_id and s.is_child;
alter table outbox_events force row level security;
alter table subjects force row level security;
alter policy seen on outbox_events
  using (exists (select from case_access a where a.case_id = outbox_events.case_id
      and (outbox_events.data_class = any (a.data_classes)
        or (outbox_events.data_class = 'children' and 'subjects' = any (a.data_classes)
          and (outbox_events.org_id = app_org() or a.level = 'owner'
            or exists (select from shares s where s.id = a.share_id and s.shows_children offset 0)))) offset 0)
    and (audience_org_ids is null or app_org() = any (audience_org_ids)));

reset role;
reset search_path;
