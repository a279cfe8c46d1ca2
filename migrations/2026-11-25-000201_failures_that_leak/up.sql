-- The failures of an address are forgotten one a minute, so that those of a busy
-- office do not add up for ever; and a sign-in that succeeds leaves no trace there.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- The time up to which what leaks has leaked; where it is null, that of the last failure.
alter table sign_in_failures add column leaked_to timestamptz;

-- As before, and under one of the keys a failure a minute is forgotten.
create function count_sign_in_attempt(p_keys bytea[], p_leaking bytea, p_now timestamptz)
  returns table (key bytea, failures bigint, last_at timestamptz)
  language plpgsql volatile security definer set search_path = wardlink, pg_temp as $$
begin
  perform from sign_in_failures f where f.key = any (p_keys) order by f.key for update;
  with leaked as (
    select f.key, floor(extract(epoch from p_now - coalesce(f.leaked_to, f.last_at)) / 60)::bigint as failures
      from sign_in_failures f where f.key = p_leaking),
  gone as (
    delete from sign_in_failures f using leaked l where f.key = l.key and f.failures <= l.failures)
  update sign_in_failures f
     set failures = f.failures - l.failures,
         leaked_to = coalesce(f.leaked_to, f.last_at) + l.failures * interval '1 minute'
    from leaked l where f.key = l.key and l.failures > 0 and f.failures > l.failures;
  return query
    select f.key, f.failures, f.last_at from sign_in_failures f
     where f.key = any (p_keys) and f.last_at > p_now - interval '1 day' order by f.key;
  insert into sign_in_failures as f (key, failures, last_at, leaked_to)
    select k, 1, p_now, p_now from unnest(p_keys) k order by k
    on conflict on constraint sign_in_failures_pkey do update
      set failures = case when f.last_at > p_now - interval '1 day' then f.failures + 1 else 1 end, last_at = p_now;
end $$;

-- After a success: forgets some counts, and takes the attempt back from another, so
-- that its last failure is the one before again, unless another came meanwhile.
create function forgive_sign_in(p_forgotten bytea[], p_taken_back bytea, p_counted_at timestamptz, p_before timestamptz)
  returns void language sql volatile security definer set search_path = wardlink, pg_temp as $$
  delete from sign_in_failures where key = any (p_forgotten) or key = p_taken_back and failures = 1;
  update sign_in_failures
     set failures = failures - 1,
         last_at = case when last_at = p_counted_at then coalesce(p_before, last_at) else last_at end
   where key = p_taken_back;
$$;

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.count_sign_in_attempt(bytea[], bytea, timestamptz) owner to wardlink_definer;
alter function wardlink.forgive_sign_in(bytea[], bytea, timestamptz, timestamptz) owner to wardlink_definer;
revoke create on schema wardlink from wardlink_definer;
revoke execute on function wardlink.count_sign_in_attempt(bytea[], bytea, timestamptz),
  wardlink.forgive_sign_in(bytea[], bytea, timestamptz, timestamptz) from public;
grant execute on function wardlink.count_sign_in_attempt(bytea[], bytea, timestamptz),
  wardlink.forgive_sign_in(bytea[], bytea, timestamptz, timestamptz) to wardlink_app;

reset role;
reset search_path;
