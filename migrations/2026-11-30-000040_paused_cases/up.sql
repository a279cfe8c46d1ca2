-- A case whose deadlines are paused is not due, and not overdue (domain §3.2). Those that
-- were paused before this was so kept the end of the paused clock until their next step.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- Past row-level security, for this one statement: the owner of a table has no policy on it.
alter table cases no force row level security;
alter table case_clocks no force row level security;

-- Only graffiti pauses a clock. What of its clocks is only waited for makes nothing due:
-- that is `purpose` in the file of the case type. The trigger brings it to `case_access`.
update cases c
   set due_at = (
     select min(k.due_at)
       from case_clocks k
      where k.case_id = c.id and k.stopped_at is null
        and (k.pauses = '[]' or k.pauses -> -1 ->> 'resumed_at' is not null)
        and k.name not in ('consent_last_chase', 'evidence_hold'))
 where c.type = 'graffiti' and c.status_class = 'open'
   and exists (
     select from case_clocks k
      where k.case_id = c.id and k.stopped_at is null
        and k.pauses <> '[]' and k.pauses -> -1 ->> 'resumed_at' is null);

alter table cases force row level security;
alter table case_clocks force row level security;

reset role;
reset search_path;
