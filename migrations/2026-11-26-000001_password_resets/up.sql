-- A password is set by the person it is for, with a token that an administrator had
-- made out to them.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- One for each person, the last one made out. Only its SHA-256 is kept.
create table password_resets (
  user_id uuid primary key,
  org_id uuid not null,
  token_hash bytea not null,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  unique (org_id, user_id),
  foreign key (org_id, user_id) references users (org_id, id)
);

alter table password_resets enable row level security, force row level security;
create policy own on password_resets to wardlink_app using (org_id = app_org()) with check (org_id = app_org());
create policy definer on password_resets to wardlink_definer using (org_id is not null);
grant select, insert, delete on password_resets to wardlink_app;
grant select, delete on password_resets to wardlink_definer;

-- Of what a new password must not be made, where the token is the person's and good.
create function find_password_reset(p_user uuid, p_token bytea, p_now timestamptz)
  returns table (name text, org_name text)
  language sql stable security definer set search_path = wardlink, pg_temp as $$
  select u.name, o.name from password_resets r
    join users u on u.id = r.user_id join organisations o on o.id = u.org_id
   where r.user_id = p_user and r.token_hash = p_token and r.expires_at > p_now
$$;

-- Spends the token, once, and ends the sessions that were started by the old password.
create function spend_password_reset(p_user uuid, p_token bytea, p_now timestamptz) returns boolean
  language plpgsql volatile security definer set search_path = wardlink, pg_temp as $$
begin
  -- As start_session does: who starts one by the old password at this moment ends before.
  perform from users u where u.id = p_user for update;
  delete from password_resets where user_id = p_user and token_hash = p_token and expires_at > p_now;
  if not found then
    return false;
  end if;
  update sessions set ended_at = p_now, end_reason = 'password_changed'
   where user_id = p_user and ended_at is null;
  return true;
end $$;

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.find_password_reset(uuid, bytea, timestamptz) owner to wardlink_definer;
alter function wardlink.spend_password_reset(uuid, bytea, timestamptz) owner to wardlink_definer;
revoke create on schema wardlink from wardlink_definer;
revoke execute on function wardlink.find_password_reset(uuid, bytea, timestamptz),
  wardlink.spend_password_reset(uuid, bytea, timestamptz) from public;
grant execute on function wardlink.find_password_reset(uuid, bytea, timestamptz),
  wardlink.spend_password_reset(uuid, bytea, timestamptz) to wardlink_app;

reset role;
reset search_path;
