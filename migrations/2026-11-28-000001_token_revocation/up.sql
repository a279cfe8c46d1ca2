-- A system ends its token before its time (RFC 7009), and asks whether one is good
-- (RFC 7662).

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- Takes a key by which a system has shown who it is, and the assertion, if there is one,
-- once. False where account or key are good no more, or the assertion was taken before.
create function use_client_key(p_client uuid, p_key uuid, p_assertion bytea, p_assertion_ends timestamptz,
    p_now timestamptz)
  returns boolean language plpgsql volatile security definer set search_path = wardlink, pg_temp as $$
declare
  the_org uuid;
begin
  select u.org_id into the_org from users u where u.id = p_client and u.disabled_at is null for share;
  update service_account_keys k set last_used_at = p_now
   where k.org_id = the_org and k.user_id = p_client and k.id = p_key and k.expires_at > p_now;
  if found and p_assertion is not null then
    insert into client_assertions (user_id, digest, expires_at) values (p_client, p_assertion, p_assertion_ends)
      on conflict do nothing;
  end if;
  return found;
end $$;

-- Ends a session of a system, and with it the token. False where it was none, or over.
create function end_client_session(p_session uuid, p_client uuid, p_now timestamptz)
  returns boolean language plpgsql volatile security definer set search_path = wardlink, pg_temp as $$
begin
  update sessions set ended_at = p_now, end_reason = 'logout'
   where id = p_session and user_id = p_client and key_id is not null and ended_at is null and expires_at > now();
  return found;
end $$;

-- What a session of a system may use now; no row where it is none, or over.
create function client_session_scopes(p_session uuid, p_client uuid)
  returns table (scopes text[])
  language sql stable security definer set search_path = wardlink, pg_temp as $$
  select array(select held.scope from unnest(a.scopes) as held (scope)
                where s.scopes is null or held.scope = any (s.scopes) order by held.scope)
    from sessions s
    join service_accounts a on a.org_id = s.org_id and a.user_id = s.user_id
   where s.id = p_session and s.user_id = p_client and s.ended_at is null and s.expires_at > now()
$$;

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.use_client_key(uuid, uuid, bytea, timestamptz, timestamptz) owner to wardlink_definer;
alter function wardlink.end_client_session(uuid, uuid, timestamptz) owner to wardlink_definer;
alter function wardlink.client_session_scopes(uuid, uuid) owner to wardlink_definer;
revoke create on schema wardlink from wardlink_definer;
revoke execute on function wardlink.use_client_key(uuid, uuid, bytea, timestamptz, timestamptz),
  wardlink.end_client_session(uuid, uuid, timestamptz),
  wardlink.client_session_scopes(uuid, uuid) from public;
grant execute on function wardlink.use_client_key(uuid, uuid, bytea, timestamptz, timestamptz),
  wardlink.end_client_session(uuid, uuid, timestamptz),
  wardlink.client_session_scopes(uuid, uuid) to wardlink_app;
reset search_path;
