-- A role is given until a day: to who covers for somebody, or looks at the records for a time.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- The last day in London on which it is held; null where it is held until it is taken away.
alter table role_grants add column until date;
reset role;
set local search_path = wardlink, pg_temp;

-- Who may replace them is who owns them.
grant create on schema wardlink to wardlink_definer;
set local role wardlink_definer;
-- As before, and by roles that are held today.
create or replace function enter(p_user uuid, p_session uuid, p_permission text,
    out verdict text, out org_id uuid, out org_kind text, out user_name text, out rank text,
    out justification text, out grants jsonb, out networks inet[], out needs_acting_officer boolean,
    out lacks_second_factor boolean)
  language plpgsql volatile security definer set search_path = wardlink, pg_temp as $$
declare
  today date := (now() at time zone 'Europe/London')::date;
  has_ended boolean;
  is_unlimited boolean;
  scope text[];
  partnerships uuid[];
  set_to text;
begin
  select u.org_id, o.kind, u.name, u.rank, o.justification,
         u.disabled_at is not null or s.ended_at is not null or s.expires_at <= now()
           or a.expires_at is not null and a.expires_at <= now(),
         a.networks, a.user_id is not null and o.requires_acting_officer,
         o.second_factor_for <> '{}' and u.kind = 'person'
           and exists (select from role_grants g
                        where g.org_id = u.org_id and g.user_id = u.id and g.role = any (o.second_factor_for)
                          and (g.until is null or g.until >= today))
           and not exists (select from totp_seeds t where t.user_id = u.id and t.confirmed_at is not null),
         held.grants, held.is_unlimited,
         (select coalesce(array_agg(m.partnership_id), '{}') from partnership_members m
           where m.org_id = u.org_id and m.member_from <= today
             and (m.member_to is null or m.member_to > today))
    into org_id, org_kind, user_name, rank, justification, has_ended, networks, needs_acting_officer,
         lacks_second_factor, grants, is_unlimited, partnerships
    from sessions s
    join users u on u.id = s.user_id
    join organisations o on o.id = u.org_id
    left join service_accounts a on a.user_id = u.id
    cross join lateral (
      select jsonb_agg(jsonb_build_object('role', g.role, 'areas', g.areas, 'case_types', g.case_types,
               'moves_cases', 'case.transition' = any (carried.permissions)
                 and coalesce('case.transition' = any (a.scopes), true)
                 and coalesce('case.transition' = any (s.scopes), true),
               'reads_people', 'subject.read' = any (carried.permissions)
                 and coalesce('subject.read' = any (a.scopes), true)
                 and coalesce('subject.read' = any (s.scopes), true))) as grants,
             bool_or(g.areas is null and g.case_types is null) as is_unlimited
        from role_grants g
        left join built_in_roles b on b.code = g.role
        left join custom_roles c on c.org_id = g.org_id and c.code = g.role
        cross join lateral (select coalesce(b.permissions, c.permissions) as permissions) carried
       where g.org_id = u.org_id and g.user_id = u.id and (g.until is null or g.until >= today)
         and (p_permission = '' or p_permission = any (carried.permissions)
           and (a.scopes is null or p_permission = any (a.scopes))
           and (s.scopes is null or p_permission = any (s.scopes)))) held
   where s.id = p_session and s.user_id = p_user;
  if has_ended is distinct from false then
    verdict := 'unauthenticated';
    justification := null;
    grants := null;
    return;
  end if;
  if grants is null and p_permission <> '' then
    verdict := 'forbidden';
    return;
  end if;

  if not is_unlimited then
    select array_agg(distinct area || '/' || kind) into scope
      from jsonb_to_recordset(grants) as held (areas text[], case_types text[]),
           unnest(coalesce(areas, '{*}')) area, unnest(coalesce(case_types, '{*}')) kind;
  end if;
  set_to := set_config('app.org_id', org_id::text, true);
  set_to := set_config('app.org_kind', org_kind, true);
  set_to := set_config('app.user_id', p_user::text, true);
  set_to := set_config('app.scope', coalesce(scope::text, ''), true);
  set_to := set_config('app.partnerships', partnerships::text, true);
  verdict := 'entered';
  grants := coalesce(grants, '[]');
end $$;

-- As before, and by roles that are held today; of one's own colleagues alone.
create or replace function roles_reach(p_user uuid, p_permission text, p_ward text, p_type text) returns boolean
  language sql stable security definer set search_path = wardlink, pg_temp as $$
  select exists (
    select from users u
      join role_grants g on g.org_id = u.org_id and g.user_id = u.id
      left join built_in_roles b on b.code = g.role
      left join custom_roles c on c.org_id = g.org_id and c.code = g.role
     where u.id = p_user and u.org_id = app_org() and (g.until is null or g.until >= london_day(now()))
       and p_permission = any (coalesce(b.permissions, c.permissions))
       and coalesce(p_ward = any (g.areas), true) and coalesce(p_type = any (g.case_types), true))
$$;

-- As before, and by roles that are held today.
create or replace function reads_cases(p_user uuid, p_session uuid, p_ward text, p_type text) returns boolean
  language sql stable security definer set search_path = wardlink, pg_temp as $$
  select exists (
    select from sessions s
      join role_grants g on g.org_id = s.org_id and g.user_id = s.user_id
      left join service_accounts a on a.user_id = s.user_id
      left join built_in_roles b on b.code = g.role
      left join custom_roles c on c.org_id = g.org_id and c.code = g.role
     where s.id = p_session and s.user_id = p_user and (g.until is null or g.until >= london_day(now()))
       and 'case.read' = any (coalesce(b.permissions, c.permissions))
       and coalesce('case.read' = any (a.scopes), true) and coalesce('case.read' = any (s.scopes), true)
       and coalesce(p_ward = any (g.areas), true) and coalesce(p_type = any (g.case_types), true))
$$;

reset role;
revoke create on schema wardlink from wardlink_definer;
reset search_path;
