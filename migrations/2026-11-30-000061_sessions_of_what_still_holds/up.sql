-- A session is started only where all that was looked at before still holds: checking a
-- password takes a while, and meanwhile the account may be disabled, or a second factor
-- confirmed or removed.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local search_path = wardlink, pg_temp;

-- Who makes it owns it.
grant create on schema wardlink to wardlink_definer;
set local role wardlink_definer;
-- As before, and false where the account is disabled, or has a second factor or none
-- otherwise than `p_has_factor` says. Whoever changes either locks the account first, and
-- so ends this session too, or is seen here.
create function start_session(p_session uuid, p_user uuid, p_life bigint, p_peer inet, p_user_agent text,
    p_token bytea, p_token_life bigint, p_rehash text, p_verified text, p_has_factor boolean)
  returns boolean language plpgsql volatile security definer set search_path = wardlink, pg_temp as $$
begin
  perform from users u
    where u.id = p_user and u.disabled_at is null and u.password_hash is not distinct from p_verified for update;
  if not found then
    return false;
  end if;
  if p_has_factor <> exists (
      select from totp_seeds t where t.user_id = p_user and t.confirmed_at is not null) then
    return false;
  end if;
  perform start_session(p_session, p_user, p_life, p_peer, p_user_agent, p_token, p_token_life, p_rehash);
  return true;
end $$;
revoke execute on function
  start_session(uuid, uuid, bigint, inet, text, bytea, bigint, text, text, boolean) from public;
grant execute on function
  start_session(uuid, uuid, bigint, inet, text, bytea, bigint, text, text, boolean) to wardlink_app;

-- As before, and the account is locked first here too: all take the two in one order.
create or replace function take_totp_step(p_user uuid, p_step bigint) returns boolean
  language plpgsql volatile security definer set search_path = wardlink, pg_temp as $$
begin
  perform from users u where u.id = p_user for update;
  update totp_seeds set last_step = p_step
   where user_id = p_user and confirmed_at is not null and (last_step is null or last_step < p_step);
  return found;
end $$;

create or replace function take_recovery_code(p_user uuid, p_digests bytea[]) returns boolean
  language plpgsql volatile security definer set search_path = wardlink, pg_temp as $$
begin
  perform from users u where u.id = p_user for update;
  update recovery_codes set used_at = clock_timestamp()
   where user_id = p_user and digest = any (p_digests) and used_at is null;
  return found;
end $$;

reset role;
revoke create on schema wardlink from wardlink_definer;
reset search_path;
