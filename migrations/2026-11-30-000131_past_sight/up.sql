-- An organisation that no longer sees a case is told what it had of it: it has to answer for
-- what it did, and could no longer ask by what right.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- The shares by which the caller's organisation saw a case, within the reach of the caller's
-- roles; with whose the case is, since when it is recorded and how it is marked, which it knew
-- by them. None that was never heard of.
create function past_sight(p_case uuid)
  returns table (case_org_id uuid, opened_at timestamptz, sensitive boolean, id uuid, state text, level text,
    data_classes text[], gateway text, created_at timestamptz, approved_at timestamptz, ended_at timestamptz,
    expires_at timestamptz)
  language sql stable security definer set search_path = wardlink, pg_temp as $$
  select c.org_id, c.opened_at, c.sensitive, s.id, s.state, s.level, s.data_classes, s.gateway, s.created_at,
         s.approved_at, s.ended_at, s.expires_at
    from shares s join cases c on c.id = s.case_id
   where s.case_id = p_case and s.to_org_id = app_org()
     and s.state in ('active', 'superseded', 'revoked', 'recalled', 'expired', 'ended')
     and (app_scope() is null
       or app_scope() && array[c.ward_gss || '/' || c.type, c.ward_gss || '/*', '*/' || c.type])
$$;

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.past_sight(uuid) owner to wardlink_definer;
revoke create on schema wardlink from wardlink_definer;
revoke execute on function wardlink.past_sight(uuid) from public;
grant execute on function wardlink.past_sight(uuid) to wardlink_app;
reset search_path;
