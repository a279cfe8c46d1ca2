-- What the platform does to an organisation is done by somebody: its log and timelines name
-- them, though the platform is in no partnership.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
grant create on schema wardlink to wardlink_definer;
set local role wardlink_definer;
set local search_path = wardlink, pg_temp;

-- As before, and the platform with its people.
create or replace function names_of(p_ids uuid[]) returns table (id uuid, name text, kind text)
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
        or n.org_id in (select k.org_id from known k)
        or exists (select from organisations p where p.id = n.org_id and p.kind = 'platform' offset 0);
end $$;

reset role;
revoke create on schema wardlink from wardlink_definer;
reset search_path;
