-- An auditor's question costs the same however long the log is.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- Who else may read an event beside the organisation that acted: the owners of the
-- cases in it, and whom it was directed to, with what the log is searched by. An index
-- that the policy of audit_events, which remains what decides, cannot be.
create table audit_readers (
  org_id uuid not null,
  at timestamptz not null,
  seq bigint not null,
  actor_org_id uuid,
  actor_user_id uuid,
  op text not null,
  action text not null,
  outcome text not null,
  primary key (org_id, at, seq)
);
create index audit_readers_by_actor on audit_readers (org_id, actor_user_id, at, seq);
alter table audit_readers enable row level security, force row level security;

create policy own on audit_readers for select to wardlink_app using (org_id = app_org());
create policy reader on audit_readers for select to wardlink_auditor using (org_id is not null);
create policy definer_adds on audit_readers for insert to wardlink_definer with check (org_id is not null);
grant select on audit_readers to wardlink_app, wardlink_auditor;
grant insert on audit_readers to wardlink_definer;

create function note_readers() returns trigger language plpgsql security definer
  set search_path = wardlink, pg_temp as $$
begin
  insert into audit_readers (org_id, at, seq, actor_org_id, actor_user_id, op, action, outcome)
    select reader, new.at, new.seq, new.org_id, new.actor_user_id, new.op, new.action, new.outcome
      from (select distinct unnest(new.case_org_ids || new.recipient_org_ids)) others (reader)
     where reader is distinct from new.org_id;
  return null;
end $$;
create trigger note_readers after insert on audit_events for each row
  when (not ((new.case_org_ids || new.recipient_org_ids) <@ array[new.org_id]))
  execute function note_readers();

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.note_readers() owner to wardlink_definer;
revoke create on schema wardlink from wardlink_definer;
revoke execute on function wardlink.note_readers() from public;

set local role wardlink_definer;
insert into wardlink.audit_readers (org_id, at, seq, actor_org_id, actor_user_id, op, action, outcome)
  select distinct reader, e.at, e.seq, e.org_id, e.actor_user_id, e.op, e.action, e.outcome
    from wardlink.audit_events e, unnest(e.case_org_ids || e.recipient_org_ids) reader
   where reader is distinct from e.org_id;
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- Latest first: what one's own people did, by how it ended, and what one person did.
-- squawk-ignore require-concurrent-index-deletion -- the next statement makes what takes its place
drop index audit_events_by_org;
-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index audit_events_by_org on audit_events (org_id, outcome, at, seq);
-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index audit_events_by_actor on audit_events (actor_user_id, at, seq);
-- What an event is about, and the request it came from.
-- squawk-ignore require-concurrent-index-deletion -- the next statement makes what takes its place
drop index audit_events_by_case;
-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index audit_events_by_id on audit_events
  using gin (case_ids, record_ids, (array[request_id])) with (fastupdate = on);

reset role;
reset search_path;
