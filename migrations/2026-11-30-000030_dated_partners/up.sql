-- Partners see one another from the first to the last day of their membership in common:
-- whoever had left, or was yet to come, was seen as well. What records name stays named.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- Who was a member before is told to members; who is to be one, not before its first day.
alter policy fellow_members on partnership_members
  using (current_setting('app.org_kind', true) = 'platform'
    or (partnership_id = any (app_partnerships()) and member_from <= (select london_day(now()))));

-- In which partnerships the caller's organisation is today, enter() says. What a day is is
-- asked once for a statement.
alter policy own_and_partners on organisations
  using (id = app_org() or current_setting('app.org_kind', true) = 'platform'
    or id in (select m.org_id from partnership_members m
      where m.partnership_id = any (app_partnerships()) and m.member_from <= (select london_day(now()))
        and (m.member_to is null or m.member_to > (select london_day(now())))));
alter policy own_and_partners on users
  using (org_id = app_org()
    or org_id in (select m.org_id from partnership_members m
      where m.partnership_id = any (app_partnerships()) and m.member_from <= (select london_day(now()))
        and (m.member_to is null or m.member_to > (select london_day(now())))));
alter policy own_and_partners on sectors
  using (org_id = app_org()
    or org_id in (select m.org_id from partnership_members m
      where m.partnership_id = any (app_partnerships()) and m.member_from <= (select london_day(now()))
        and (m.member_to is null or m.member_to > (select london_day(now())))));
alter policy own_and_partners on sector_wards
  using (org_id = app_org()
    or org_id in (select m.org_id from partnership_members m
      where m.partnership_id = any (app_partnerships()) and m.member_from <= (select london_day(now()))
        and (m.member_to is null or m.member_to > (select london_day(now())))));
alter policy own_and_partners on teams
  using (org_id = app_org()
    or org_id in (select m.org_id from partnership_members m
      where m.partnership_id = any (app_partnerships()) and m.member_from <= (select london_day(now()))
        and (m.member_to is null or m.member_to > (select london_day(now())))));
alter policy own_and_partners on team_members
  using (org_id = app_org()
    or org_id in (select m.org_id from partnership_members m
      where m.partnership_id = any (app_partnerships()) and m.member_from <= (select london_day(now()))
        and (m.member_to is null or m.member_to > (select london_day(now())))));

-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index earlier_memberships_by_org on earlier_memberships (org_id);

create policy definer on earlier_memberships for select to wardlink_definer using (org_id is not null);
create policy definer on teams for select to wardlink_definer using (org_id is not null);
grant select on earlier_memberships to wardlink_definer;
grant select (id, org_id, name) on teams to wardlink_definer;

reset role;
grant create on schema wardlink to wardlink_definer;
set local role wardlink_definer;
set local search_path = wardlink, pg_temp;

-- The names of organisations, people and teams that a record names to whoever may read it,
-- with the kind of an organisation. A record names those who were in a partnership by the
-- last day of the caller's own membership, whether or not they are still: what they did
-- stays theirs. Ids tell nothing by themselves, so those of strangers are left out.
create function names_of(p_ids uuid[]) returns table (id uuid, name text, kind text)
  language plpgsql stable security definer
  set search_path = wardlink, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  today date := london_day(now());
begin
  return query
    with own as (
      select m.partnership_id, least(m.member_to, today) as until
        from partnership_members m where m.org_id = app_org() and m.member_from <= today
      union all
      select e.partnership_id, e.member_to from earlier_memberships e where e.org_id = app_org()
    ), known as (
      select m.org_id
        from own o join partnership_members m on m.partnership_id = o.partnership_id and m.member_from <= o.until
      union all
      select e.org_id
        from own o join earlier_memberships e on e.partnership_id = o.partnership_id and e.member_from <= o.until
    ), named as (
      select o.id, o.id as org_id, o.name, o.kind from organisations o where o.id = any (p_ids)
      union all
      select u.id, u.org_id, u.name, null from users u where u.id = any (p_ids)
      union all
      select t.id, t.org_id, t.name, null from teams t where t.id = any (p_ids)
    )
    select n.id, n.name, n.kind
      from named n
     where n.org_id = app_org()
        or (n.kind is not null and current_setting('app.org_kind', true) = 'platform')
        or n.org_id in (select k.org_id from known k);
end $$;
revoke execute on function names_of(uuid[]) from public;
grant execute on function names_of(uuid[]) to wardlink_app;

reset role;
revoke create on schema wardlink from wardlink_definer;
reset search_path;
