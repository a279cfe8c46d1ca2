-- Compares the client's ledger with the database: a line for each violation, `name|what`.
-- The ledger comes in the temporary tables `writes` and `attempts`. Run as a superuser,
-- whom row-level security does not apply to.

set search_path = pg_temp, wardlink;
analyze writes;
analyze attempts;

-- What each write left behind, in the five places where it has to.
create temp table found as
  select w.n, c.id, null::bigint as xid from writes w join cases c on c.description = w.marker where w.kind = 'post'
  union all select w.n, c.id, null from writes w join cases c on c.title = w.marker where w.kind = 'patch'
  union all select w.n, o.id, o.xmin::text::bigint from writes w join notes o on o.body = w.marker where w.kind = 'note'
  union all select w.n, s.case_id, s.xmin::text::bigint from writes w join case_transitions s on s.reason = w.marker
    where w.kind = 'transition'
  union all select w.n, t.id, null from writes w join tasks t on t.description = w.marker where w.kind = 'propose'
  union all select w.n, v.task_id, v.xmin::text::bigint from writes w
    join task_events v on v.task_id::text = w.marker and v.verb = 'accept' where w.kind = 'accept';

create temp table logged as
  select a.n, a.request_id, e.tx, e.action from attempts a join audit_events e using (request_id)
  where e.outcome = 'done' and not coalesce((e.facts ->> 'replayed')::boolean, false);

create temp table told as
  select a.n, a.request_id, o.tx, o.name from attempts a join outbox_events o using (request_id);

create temp table counted as
  select w.*, coalesce(f.times, 0) as found, coalesce(l.times, 0) as logged, coalesce(t.times, 0) as told,
    coalesce(h.times, 0) as shared, coalesce(k.times, 0) as kept
  from writes w
  left join (select n, count(*) as times from found group by n) f using (n)
  left join (select n, count(*) as times from logged group by n) l using (n)
  left join (select t.n, count(*) as times from told t join writes w using (n) where t.name = case w.kind
    when 'post' then 'case.created' when 'patch' then 'case.updated' when 'note' then 'note.added'
    when 'transition' then 'case.transitioned' when 'propose' then 'task.proposed' else 'task.accepted' end
    group by t.n) t using (n)
  left join (select n, count(*) as times from told where name = 'case.shared' group by n) h using (n)
  left join (select key, count(*) as times from idempotency_keys group by key) k using (key);
analyze found;
analyze logged;
analyze told;

-- ① and ③: once, or where nobody knows, at most once.
select 'lost', kind || ' ' || marker from counted where outcome = 'ok' and found = 0;
select 'doubled', format('%s %s: %s rows, %s audit, %s outbox', kind, marker, found, logged, told) from counted
  where found > 1 or logged > 1 or told > 1 or kept > 1;
select 'another id', kind || ' ' || marker from counted w
  where outcome = 'ok' and found = 1 and not exists (select from found f where f.n = w.n and f.id = w.id);
-- ②
select 'refused and done', kind || ' ' || marker from counted
  where outcome = 'fail' and found + logged + told + kept > 0;
-- ④ for each write, and in one transaction.
select 'half done', format('%s %s (%s): %s rows, %s audit, %s outbox, %s keys', kind, marker, outcome, found, logged,
    told, kept) from counted
  where not (found = logged and logged = told and told = kept)
  or shared <> case kind when 'propose' then found else 0 end;
select 'in pieces', format('%s %s', w.kind, w.marker) from writes w
  join logged l using (n) join told t using (n) left join found f using (n)
  where l.tx <> t.tx or (:same_cluster and f.xid is not null and f.xid <> l.tx::text::bigint % 4294967296);
-- ④ for the whole database: what was told was logged, what was logged as a change was told, and once.
select 'outbox without audit', o.name || ' ' || o.request_id from outbox_events o
  where o.request_id is not null and not exists (select from audit_events e
    where e.request_id = o.request_id and e.tx = o.tx and e.outcome = 'done');
select 'audit without outbox', e.action || ' ' || e.request_id from audit_events e
  where e.outcome = 'done' and not coalesce((e.facts ->> 'replayed')::boolean, false)
  and e.action in ('create_case', 'update_case', 'add_note', 'transition_case', 'propose_task', 'accept_task')
  -- What was told outside, and what was set beside it, is logged beside the step, under a request id of its own.
  and not exists (select from outbox_events o
    where o.tx = e.tx and (o.request_id = e.request_id or e.op in ('disclosure', 'combination')));
-- What was answered is in the log, exactly once.
select 'answered and not logged', format('%s, %s times', a.request_id, coalesce(n.times, 0)) from attempts a
  left join (select request_id, outcome, count(*) as times from audit_events group by request_id, outcome) n
    on n.request_id = a.request_id and n.outcome = case when a.status < 300 then 'done' else 'refused' end
  where a.status < 500 and a.status <> 429 and coalesce(n.times, 0) <> 1;
select 'logged twice', request_id::text from attempts a join audit_events e using (request_id)
  where e.outcome = 'done' group by request_id having count(*) > 1;
-- The projection that lists read is that of the case.
select 'another projection', c.ref from cases c
  where not exists (select from case_access x where x.case_id = c.id and x.org_id = c.org_id
    and (x.title, x.state, x.version) = (c.title, c.state, c.version));
select 'idle in transaction', pid::text from pg_stat_activity
  where state like 'idle in transaction%' and state_change < now() - interval '10 s';
