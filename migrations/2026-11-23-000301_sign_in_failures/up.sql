-- Failed attempts to sign in, so that guessing gets slower the longer it goes on.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- Neither addresses nor names: the key is a keyed digest of what is counted, made
-- by the service, so an account that exists is counted like one that does not.
create table sign_in_failures (
  key bytea primary key,
  failures bigint not null check (failures > 0),
  last_at timestamptz not null
);
create index sign_in_failures_by_age on sign_in_failures (last_at);

alter table sign_in_failures enable row level security, force row level security;

create policy definer on sign_in_failures to wardlink_definer using (key is not null) with check (key is not null);
create policy sweeper on sign_in_failures to wardlink_worker using (last_at is not null);
grant select, insert, update, delete on sign_in_failures to wardlink_definer;
grant select, delete on sign_in_failures to wardlink_worker;

-- What was counted before this attempt. The attempt is counted as failed at once,
-- so that many at a time cannot slip through; one that succeeds is taken back.
-- What was quiet for a day is forgotten.
create function count_sign_in_attempt(p_keys bytea[], p_now timestamptz)
  returns table (key bytea, failures bigint, last_at timestamptz)
  language plpgsql volatile security definer set search_path = wardlink, pg_temp as $$
begin
  return query
    select f.key, f.failures, f.last_at from sign_in_failures f
     where f.key = any (p_keys) and f.last_at > p_now - interval '1 day' order by f.key for update;
  insert into sign_in_failures as f (key, failures, last_at)
    select k, 1, p_now from unnest(p_keys) k order by k
    on conflict on constraint sign_in_failures_pkey do update
      set failures = case when f.last_at > p_now - interval '1 day' then f.failures + 1 else 1 end, last_at = p_now;
end $$;

-- After a success: forgets some counts, and takes the attempt back from another.
create function forgive_sign_in(p_forgotten bytea[], p_taken_back bytea)
  returns void language sql volatile security definer set search_path = wardlink, pg_temp as $$
  delete from sign_in_failures where key = any (p_forgotten) or key = p_taken_back and failures = 1;
  update sign_in_failures set failures = failures - 1 where key = p_taken_back;
$$;

-- Whether somebody has signed in from that address in the last 30 days.
create function has_signed_in_from(p_user uuid, p_peer inet, p_now timestamptz) returns boolean
  language sql stable security definer set search_path = wardlink, pg_temp as $$
  select exists (
    select from users u join sessions s on s.org_id = u.org_id and s.user_id = u.id
     where u.id = p_user and s.peer = p_peer and s.started_at > p_now - interval '30 days')
$$;

-- The ids of the keys with which passwords are peppered.
create function password_key_ids() returns text[]
  language sql stable security definer set search_path = wardlink, pg_temp as $$
  select coalesce(array_agg(distinct substring(u.password_hash from 'keyid=([^,$]+)')), '{}') from users u
   where u.password_hash like '%keyid=%'
$$;

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.count_sign_in_attempt(bytea[], timestamptz) owner to wardlink_definer;
alter function wardlink.forgive_sign_in(bytea[], bytea) owner to wardlink_definer;
alter function wardlink.has_signed_in_from(uuid, inet, timestamptz) owner to wardlink_definer;
alter function wardlink.password_key_ids() owner to wardlink_definer;
revoke create on schema wardlink from wardlink_definer;
revoke execute on function wardlink.count_sign_in_attempt(bytea[], timestamptz),
  wardlink.forgive_sign_in(bytea[], bytea), wardlink.has_signed_in_from(uuid, inet, timestamptz),
  wardlink.password_key_ids() from public;
grant execute on function wardlink.count_sign_in_attempt(bytea[], timestamptz),
  wardlink.forgive_sign_in(bytea[], bytea), wardlink.has_signed_in_from(uuid, inet, timestamptz),
  wardlink.password_key_ids() to wardlink_app;

reset role;
reset search_path;
