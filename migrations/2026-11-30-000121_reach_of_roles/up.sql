-- Whoever is given work, or a case to lead, must be able to see it.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- Whether a role of somebody carries a permission on cases of this type in this ward: who
-- asks may be a partner, who does not see the roles.
create function roles_reach(p_user uuid, p_permission text, p_ward text, p_type text) returns boolean
  language sql stable security definer set search_path = wardlink, pg_temp as $$
  select exists (
    select from users u
      join role_grants g on g.org_id = u.org_id and g.user_id = u.id
      left join built_in_roles b on b.code = g.role
      left join custom_roles c on c.org_id = g.org_id and c.code = g.role
     where u.id = p_user
       and p_permission = any (coalesce(b.permissions, c.permissions))
       and coalesce(p_ward = any (g.areas), true) and coalesce(p_type = any (g.case_types), true))
$$;

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.roles_reach(uuid, text, text, text) owner to wardlink_definer;
revoke create on schema wardlink from wardlink_definer;
revoke execute on function wardlink.roles_reach(uuid, text, text, text) from public;
grant execute on function wardlink.roles_reach(uuid, text, text, text) to wardlink_app;
reset search_path;
