-- Why a refresh token is refused, for the log: one that somebody else has, too, read like one
-- that had expired.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local search_path = wardlink, pg_temp;

grant create on schema wardlink to wardlink_definer;
set local role wardlink_definer;

-- As before, but that it says why a session was over already, and when a token or its session
-- ran out or the account is disabled.
-- squawk-ignore ban-drop-function
drop function rotate_refresh_token(bytea, bytea, bigint);
create function rotate_refresh_token(p_spent bytea, p_fresh bytea, p_life bigint)
  returns table (verdict text, user_id uuid, org_id uuid, session_id uuid, was_over text)
  language plpgsql volatile security definer set search_path = wardlink, pg_temp as $$
declare
  t record;
begin
  select r.session_id, r.spent_at, r.expires_at, s.user_id, s.org_id, s.ended_at, s.end_reason,
         s.expires_at as session_expires, u.disabled_at
    into t
    from refresh_tokens r join sessions s on s.id = r.session_id join users u on u.id = s.user_id
   where r.hash = p_spent for update of r, s;
  if not found then
    return query select 'unknown'::text, null::uuid, null::uuid, null::uuid, null::text;
  elsif t.spent_at is not null then
    update sessions set ended_at = now(), end_reason = 'token_reuse'
     where id = t.session_id and ended_at is null;
    return query select 'reused'::text, t.user_id, t.org_id, t.session_id, t.end_reason;
  elsif t.ended_at is not null then
    return query select 'ended'::text, t.user_id, t.org_id, t.session_id, t.end_reason;
  elsif t.disabled_at is not null then
    return query select 'disabled'::text, t.user_id, t.org_id, t.session_id, null::text;
  elsif t.expires_at <= now() or t.session_expires <= now() then
    return query select 'expired'::text, t.user_id, t.org_id, t.session_id, null::text;
  else
    update refresh_tokens set spent_at = now() where hash = p_spent;
    insert into refresh_tokens (hash, org_id, session_id, expires_at)
      values (p_fresh, t.org_id, t.session_id, least(now() + p_life * interval '1 second', t.session_expires));
    return query select 'rotated'::text, t.user_id, t.org_id, t.session_id, null::text;
  end if;
end $$;
revoke execute on function rotate_refresh_token(bytea, bytea, bigint) from public;
grant execute on function rotate_refresh_token(bytea, bytea, bigint) to wardlink_app;

reset role;
revoke create on schema wardlink from wardlink_definer;
reset search_path;
