-- :events more, all of one organisation (0) reading its own cases: what it takes away
-- when it exports the log.
set synchronous_commit = off;
set search_path = wardlink, bench, pg_temp;
insert into audit_events (at, op, action, outcome, status, actor_user_id, org_id, session_id, purpose, request_id, peer,
    case_ids, case_org_ids, data_classes)
  select now(), 'consultation', 'read_case', 'done', 200, p.user_id, p.org_id, gen_random_uuid(), 'case_work',
         gen_random_uuid(), '192.0.2.1',
         array[('01900000-0000-7000-8000-' || (100000000000 + 20 * (1 + i * 7919 % (:total / 20 - 2))))::uuid],
         array[p.org_id], '{core,location}'
    from generate_series(1, :events::bigint) i join parties p on p.k = 0;
