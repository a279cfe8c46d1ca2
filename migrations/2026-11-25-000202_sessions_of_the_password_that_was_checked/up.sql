-- A session is started only where the password is still the one that was checked:
-- checking takes a while, and it may be changed meanwhile.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- As before. False, and nothing done, where `p_verified` is not the account's hash any
-- more. Locks the account, so that whoever changes the password ends this session too.
create function start_session(p_session uuid, p_user uuid, p_life bigint, p_peer inet,
    p_user_agent text, p_token bytea, p_token_life bigint, p_rehash text, p_verified text)
  returns boolean language plpgsql volatile security definer set search_path = wardlink, pg_temp as $$
begin
  perform from users u where u.id = p_user and u.password_hash is not distinct from p_verified for update;
  if not found then
    return false;
  end if;
  perform start_session(p_session, p_user, p_life, p_peer, p_user_agent, p_token, p_token_life, p_rehash);
  return true;
end $$;

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.start_session(uuid, uuid, bigint, inet, text, bytea, bigint, text, text)
  owner to wardlink_definer;
revoke create on schema wardlink from wardlink_definer;
revoke execute on function wardlink.start_session(uuid, uuid, bigint, inet, text, bytea, bigint, text, text)
  from public;
grant execute on function wardlink.start_session(uuid, uuid, bigint, inet, text, bytea, bigint, text, text)
  to wardlink_app;

reset role;
reset search_path;
