-- Until when a case waits (the end of a notice, say) is in no due time: nothing has to be
-- done in a waiting period, and once it is over work can go on. So it stands beside.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- The first end of its running waiting periods, while it is open.
alter table cases add column waiting_until timestamptz;
alter table case_access add column waiting_until timestamptz;
grant update (waiting_until) on cases to wardlink_worker;

-- Past row-level security, for this one statement: the owner of a table has no policy on it.
alter table cases no force row level security;
alter table case_clocks no force row level security;
-- Which clocks only wait is `purpose` in the files of the case types. A vehicle's removal that
-- was ordered already ended the notices before it.
update cases c
   set waiting_until = (
     select min(k.due_at)
       from case_clocks k
      where k.case_id = c.id and k.stopped_at is null
        and (k.name in ('owner_notice', 'fpn_payment', 'consent_last_chase', 'recurrence', 'evidence_hold', 'monitoring')
          or c.state not in ('removal_ordered', 'removed', 'stored')
            and k.name in ('occupier_notice', 'local_notice_24_hours', 'local_notice_7_days')))
 where c.status_class = 'open'
   and exists (select from case_clocks k where k.case_id = c.id and k.stopped_at is null);
alter table cases force row level security;
alter table case_clocks force row level security;

-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index case_access_by_end_of_waiting on case_access (org_id, waiting_until)
  where waiting_until is not null;

-- Whoever comes to see a case sees until when it waits.
create function take_waiting_until() returns trigger language plpgsql security definer
  set search_path = wardlink, pg_temp as $$
begin
  new.waiting_until := (select c.waiting_until from cases c where c.id = new.case_id);
  return new;
end $$;

create function project_waiting_until() returns trigger language plpgsql security definer
  set search_path = wardlink, pg_temp as $$
begin
  update case_access set waiting_until = new.waiting_until where case_id = new.id;
  return null;
end $$;

create trigger take_waiting_until before insert on case_access
  for each row execute function take_waiting_until();
create trigger project_waiting_until after update on cases
  for each row when (new.waiting_until is distinct from old.waiting_until)
  execute function project_waiting_until();

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.take_waiting_until() owner to wardlink_definer;
alter function wardlink.project_waiting_until() owner to wardlink_definer;
set local role wardlink_definer;
set local search_path = wardlink, pg_temp;

update case_access a set waiting_until = c.waiting_until
  from cases c
 where c.id = a.case_id and c.waiting_until is not null;

reset role;
revoke create on schema wardlink from wardlink_definer;
revoke execute on function wardlink.take_waiting_until(), wardlink.project_waiting_until() from public;
reset search_path;
