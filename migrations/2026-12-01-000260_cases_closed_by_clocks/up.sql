-- A clock may close a case, where its type says with which outcome and why, such as graffiti
-- that was cleaned and is not in the sample that is verified; and a step that it takes may
-- start others.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- Of closed cases jobs see those that a clock closed: by a step of nobody, with an outcome, to
-- where the case is; and as before those with a risk band, whose tasks they escalate. What they
-- change is held against the first too.
grant select (case_id, to_state, actor_user_id, outcome) on case_transitions to wardlink_worker;
create policy keeper_of_clocks_looks on case_transitions for select to wardlink_worker
  using (actor_user_id is null);

create policy keeper_of_clocks_looks_at_closed on cases for select to wardlink_worker
  using (status_class = 'closed' and exists (select from case_transitions t
    where t.case_id = cases.id and t.to_state = cases.state
      and t.actor_user_id is null and t.outcome is not null offset 0));
create policy keeper_of_clocks_closes on cases for update to wardlink_worker
  using (status_class = 'open')
  with check (status_class = 'closed' and exists (select from case_transitions t
    where t.case_id = cases.id and t.to_state = cases.state
      and t.actor_user_id is null and t.outcome is not null offset 0));
grant update (status_class, outcome, closed_at) on cases to wardlink_worker;

create policy keeper_of_clocks_starts on case_clocks for insert to wardlink_worker with check (id is not null);
grant insert on case_clocks to wardlink_worker;

reset role;
reset search_path;
