-- A log of :events in which the twenty look at cases, every third time at those of
-- another organisation. Triggers are on: one writes who else may read an event. All
-- within minutes, since a verification finds what is dated long before what was signed.
set synchronous_commit = off;
set search_path = wardlink, bench, pg_temp;
insert into audit_events (at, op, action, outcome, status, actor_user_id, org_id, session_id, purpose, request_id, peer,
    case_ids, case_org_ids, data_classes)
  select now() - interval '9 minutes' * (1 - i::float8 / :events), 'consultation', 'read_case', 'done', 200,
         p.user_id, p.org_id, gen_random_uuid(), 'case_work', gen_random_uuid(), '192.0.2.1',
         array[('01900000-0000-7000-8000-' || (100000000000 + 20 * (1 + i * 7919 % (:total / 20 - 2)) + o.k))::uuid],
         array[o.org_id], '{core,location}'
    from generate_series(1, :events::bigint) i
    join parties p on p.k = i % 20
    join parties o on o.k = (i + case when i % 3 = 0 then 1 else 0 end) % 20;
