-- Who has left a partnership leaves its promises to those who stay; and who is to come back
-- stays among those who were members.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- What is recorded by who is no member any more is retired by one that is.
create policy members_retire_orphans on ward_priorities for update to wardlink_app
  using (partnership_id = any (app_partnerships()) and not exists (select from partnership_members m
    where m.partnership_id = ward_priorities.partnership_id and m.org_id = ward_priorities.org_id
      and m.member_from <= (select london_day(now()))
      and (m.member_to is null or m.member_to > (select london_day(now())))))
  with check (partnership_id = any (app_partnerships()) and status = 'retired');

-- And it is no more for who has left to change.
alter policy own_changes on ward_priorities
  using (org_id = app_org() and partnership_id = any (app_partnerships()))
  with check (org_id = app_org() and partnership_id = any (app_partnerships()));

-- Who was a member before is told to members, also where it is to be one again; who is to be
-- one for the first time, not before its first day.
alter policy fellow_members on partnership_members
  using (current_setting('app.org_kind', true) = 'platform'
    or (partnership_id = any (app_partnerships())
      and (member_from <= (select london_day(now()))
        or exists (select from earlier_memberships e
          where e.partnership_id = partnership_members.partnership_id and e.org_id = partnership_members.org_id))));

reset role;
reset search_path;
