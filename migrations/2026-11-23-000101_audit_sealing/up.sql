-- The log as one Merkle tree (RFC 9162): every event gets a leaf in the order of
-- its commit, and signed checkpoints say how long the log is and what its root is.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- The order in which events are sealed: by transaction, so that none is passed over
-- because it committed late.
-- squawk-ignore require-concurrent-index-creation -- migrations run in a transaction
create index audit_events_by_tx on audit_events (tx, seq);

-- How far sealing has come. One row, whose lock makes one sealer at a time.
create table sealing (
  only_row boolean primary key default true check (only_row),
  -- Leaves in the tree, and the roots of its full subtrees, largest first.
  size bigint not null default 0,
  peaks bytea[] not null default '{}',
  -- Every event up to this place in the order of sealing has its leaf.
  tx xid8 not null default '0',
  seq bigint not null default 0
);
insert into sealing default values;

-- The leaf of an event, and the salts by which it commits to what it does not
-- show: to whom and what it relates, and its body. Without its salt a body can be
-- neither guessed nor proved; erasing both leaves the leaf as it is.
create table audit_seals (
  leaf_index bigint primary key,
  seq bigint not null,
  link_salt bytea not null check (length(link_salt) = 16),
  body_salt bytea check (length(body_salt) = 16),
  body_hash bytea not null check (length(body_hash) = 32),
  unique (seq)
);

-- Roots of full subtrees: level 0 has the leaves, level 1 the root of every 256 of
-- them, and so on.
create table audit_hashes (
  level smallint not null,
  place bigint not null,
  hash bytea not null check (length(hash) = 32),
  primary key (level, place)
);

-- What was signed (C2SP tlog-checkpoint), as it was signed.
create table audit_checkpoints (
  tree_size bigint primary key,
  root bytea not null check (length(root) = 32),
  note text not null,
  verifier_key text not null,
  signed_at timestamptz not null default clock_timestamp()
);

-- Partners who say that they saw a checkpoint (C2SP tlog-cosignature).
create table audit_cosignatures (
  tree_size bigint not null references audit_checkpoints (tree_size),
  org_id uuid not null references organisations (id),
  verifier_key text not null,
  line text not null,
  witnessed_at timestamptz not null,
  received_at timestamptz not null default clock_timestamp(),
  primary key (tree_size, org_id, verifier_key)
);

alter table sealing enable row level security, force row level security;
alter table audit_seals enable row level security, force row level security;
alter table audit_hashes enable row level security, force row level security;
alter table audit_checkpoints enable row level security, force row level security;
alter table audit_cosignatures enable row level security, force row level security;

create policy sealer on audit_events for select to wardlink_worker using (seq is not null);
create policy sealer on sealing to wardlink_worker using (only_row) with check (only_row);
create policy sealer on audit_seals for select to wardlink_worker using (leaf_index >= 0);
create policy sealer_adds on audit_seals for insert to wardlink_worker with check (leaf_index >= 0);
create policy sealer on audit_hashes for select to wardlink_worker using (place >= 0);
create policy sealer_adds on audit_hashes for insert to wardlink_worker with check (place >= 0);
create policy sealer on audit_checkpoints for select to wardlink_worker using (tree_size > 0);
create policy sealer_adds on audit_checkpoints for insert to wardlink_worker with check (tree_size > 0);

-- The salts of an event are for those who see the event.
create policy seen on audit_seals for select to wardlink_app
  using (exists (select from audit_events e where e.seq = audit_seals.seq offset 0));
-- Hashes and checkpoints tell nothing of what they are made of.
create policy signed_in on audit_hashes for select to wardlink_app using (app_org() is not null);
create policy signed_in on audit_checkpoints for select to wardlink_app using (app_org() is not null);
create policy signed_in on audit_cosignatures for select to wardlink_app using (app_org() is not null);
create policy own_adds on audit_cosignatures for insert to wardlink_app with check (org_id = app_org());

create policy reader on sealing for select to wardlink_auditor using (only_row);
create policy reader on audit_seals for select to wardlink_auditor using (leaf_index >= 0);
create policy reader on audit_hashes for select to wardlink_auditor using (place >= 0);
create policy reader on audit_checkpoints for select to wardlink_auditor using (tree_size > 0);
create policy reader on audit_cosignatures for select to wardlink_auditor using (tree_size > 0);

grant select on audit_events to wardlink_worker;
grant select, update on sealing to wardlink_worker;
grant select, insert on audit_seals, audit_hashes, audit_checkpoints to wardlink_worker;
grant select on audit_seals, audit_hashes, audit_checkpoints to wardlink_app;
grant select, insert on audit_cosignatures to wardlink_app;
grant select on sealing, audit_seals, audit_hashes, audit_checkpoints, audit_cosignatures to wardlink_auditor;
grant usage on schema wardlink to wardlink_auditor;

-- What was logged stays as it was written, whoever asks; only a body can be emptied.
create function log_stays() returns trigger language plpgsql
  set search_path = wardlink, pg_temp as $$
declare
  body constant text[] := array['session_id', 'on_behalf_of', 'justification', 'peer', 'facts'];
begin
  if tg_op = 'UPDATE' and to_jsonb(new) - body = to_jsonb(old) - body
    and new.session_id is null and new.on_behalf_of is null and new.justification is null
    and new.peer is null and new.facts = '{}' then
    return new;
  end if;
  raise exception 'what was logged stays as it was written';
end $$;
create trigger log_stays before update or delete on audit_events
  for each row execute function log_stays();
create trigger log_stays_whole before truncate on audit_events
  for each statement execute function log_stays();

-- A lawful erasure. The body of an event goes, with its salt; what stays is that it
-- happened: when, who, which operation, and on what. The erasure is an event itself,
-- seen by whoever saw the first. Done by the deployment, on order of a controller.
create policy eraser on audit_events for select to wardlink_owner using (seq is not null);
create policy eraser_empties on audit_events for update to wardlink_owner
  using (seq is not null) with check (seq is not null);
create policy eraser_logs on audit_events for insert to wardlink_owner with check (op = 'erasure');
create policy eraser on audit_seals for select to wardlink_owner using (leaf_index >= 0);
create policy eraser_forgets on audit_seals for update to wardlink_owner
  using (leaf_index >= 0) with check (body_salt is null);

create function erase_event_body(p_seq bigint, p_rule text) returns uuid language plpgsql
  set search_path = wardlink, pg_temp as $$
declare
  erased audit_events;
begin
  update audit_seals set body_salt = null where seq = p_seq and body_salt is not null;
  if not found then
    raise exception 'event % is not sealed, or its body is erased already', p_seq;
  end if;
  update audit_events
     set session_id = null, on_behalf_of = null, justification = null, peer = null, facts = '{}'
   where seq = p_seq returning * into strict erased;
  insert into audit_events (op, action, outcome, org_id, purpose, request_id, case_ids, case_org_ids,
      record_ids, recipient_org_ids, facts)
    values ('erasure', 'job.erase_event_body', 'done', erased.org_id, 'complaint_or_rights_request',
      gen_random_uuid(), erased.case_ids, erased.case_org_ids, array[erased.id], erased.recipient_org_ids,
      jsonb_build_object('seq', p_seq, 'rule', p_rule));
  return erased.id;
end $$;

revoke execute on function log_stays(), erase_event_body(bigint, text) from public;

reset role;
reset search_path;
