-- :wanted tasks that the police ask of the council, each waiting for an answer.
set session_replication_role = replica;
set synchronous_commit = off;
set search_path = wardlink, bench, pg_temp;
truncate tasks, task_events, task_standings;
insert into tasks (id, org_id, requesting_user_id, case_id, case_org_id, ref, owner_org_id, title, description,
    tactic, priority, state, due_at, original_due_at, accept_due_at)
  select ('01900001-0000-7000-8000-' || (200000000000 + i))::uuid, police.org_id, police.user_id,
         ('01900000-0000-7000-8000-' || (100000000000 + 20 * (1 + i % (:total / 20 - 2)) + 19))::uuid, police.org_id,
         'T-' || i, council.org_id, 'Clean the wall', 'Photograph before and after.', 'clean', 'p2', 'proposed',
         now() + interval '10 days', now() + interval '10 days', now() + interval '2 days'
    from generate_series(1, :wanted::bigint) i, parties police, parties council
   where police.k = 19 and council.k = 0;
insert into task_standings (task_id, org_id, escalate_at)
  select id, org_id, created_at + (due_at - created_at) * 0.75 from tasks;
analyze tasks, task_standings;
