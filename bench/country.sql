-- A country beside the twenty: :organisations that have no part in any case, ten to a
-- partnership, each with twenty people.
set session_replication_role = replica;
set synchronous_commit = off;
set search_path = wardlink, bench, pg_temp;

create temp table others as
  select i, ('01900012-0000-7000-8000-' || (100000000000 + i))::uuid as org_id,
         ('01900013-0000-7000-8000-' || (100000000000 + i / 10))::uuid as partnership_id
    from generate_series(1, :organisations::bigint) i;
insert into organisations (id, kind, name)
  select org_id, (array['police', 'council', 'housing'])[1 + i % 3], 'Elsewhere ' || i from others;
insert into partnerships (id, code, name, local_authorities)
  select distinct partnership_id, 'Z' || chr(65 + (i / 260)::int) || chr(65 + (i / 10 % 26)::int),
         'Partnership ' || i / 10, '{E09000001}'::text[] from others;
insert into partnership_members (partnership_id, org_id, member_from)
  select partnership_id, org_id, current_date - 1 from others;
insert into users (id, org_id, email, name)
  select ('01900014-0000-7000-8000-' || (100000000000 + i * 100 + person))::uuid, org_id,
         'person' || person || '@' || i || '.bench.example', 'Person ' || person
    from others, generate_series(1, 20) person;
