-- That a case is linked is logged where its owner reads it only if they see the other case: the
-- timeline tells them no more either.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- Of each case whether its owner sees the other one beside it. Of cases that the caller does not
-- see it says no.
create function owners_see(p_cases uuid[], p_others uuid[]) returns boolean[] language sql stable security definer
  set search_path = wardlink, pg_temp as $$
  select coalesce(array_agg(exists (
      select from case_access own
        join case_access theirs on theirs.org_id = own.case_org_id
       where own.org_id = app_org() and own.case_id = pair.case_id
         and theirs.case_id = pair.other_id and (theirs.expires_at is null or theirs.expires_at > now()) offset 0)
      order by pair.place), '{}')
    from unnest(p_cases, p_others) with ordinality pair (case_id, other_id, place)
$$;

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.owners_see(uuid[], uuid[]) owner to wardlink_definer;
revoke create on schema wardlink from wardlink_definer;
revoke execute on function wardlink.owners_see(uuid[], uuid[]) from public;
grant execute on function wardlink.owners_see(uuid[], uuid[]) to wardlink_app;
reset search_path;
