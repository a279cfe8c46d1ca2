-- What is counted for an address leaks away with time: people who share one add up
-- their typing errors, and nobody who is new there must wait for ever.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- What was counted before this attempt. The attempt is counted as failed at once,
-- so that many at a time cannot slip through; one that succeeds is taken back.
-- What was quiet for a day is forgotten. From the count of `p_leaking` one goes away
-- every `p_seconds`; its `last_at` is the time to which that was reckoned, and no
-- attempt moves it.
create function count_attempt(p_keys bytea[], p_leaking bytea, p_seconds bigint, p_now timestamptz)
  returns table (key bytea, failures bigint, last_at timestamptz)
  language plpgsql volatile security definer set search_path = wardlink, pg_temp as $$
declare
  v_every constant interval := p_seconds * interval '1 second';
  v_all constant bytea[] := array_append(p_keys, p_leaking);
begin
  perform from sign_in_failures f where f.key = any (v_all) order by f.key for update;
  delete from sign_in_failures f
   where f.key = any (p_keys) and f.last_at <= p_now - interval '1 day'
      or f.key = p_leaking and f.last_at + f.failures * v_every <= p_now;
  update sign_in_failures f
     set failures = f.failures - leaked.number, last_at = f.last_at + leaked.number * v_every
    from (select floor(extract(epoch from p_now - a.last_at) / p_seconds)::bigint as number
            from sign_in_failures a where a.key = p_leaking) leaked
   where f.key = p_leaking and leaked.number > 0;
  return query
    select f.key, f.failures, f.last_at from sign_in_failures f where f.key = any (v_all);
  insert into sign_in_failures as f (key, failures, last_at)
    select k, 1, p_now from unnest(v_all) k where k is not null order by k
    on conflict on constraint sign_in_failures_pkey do update
      set failures = f.failures + 1, last_at = case when f.key = p_leaking then f.last_at else p_now end;
end $$;

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.count_attempt(bytea[], bytea, bigint, timestamptz) owner to wardlink_definer;
revoke create on schema wardlink from wardlink_definer;
revoke execute on function wardlink.count_attempt(bytea[], bytea, bigint, timestamptz) from public;
grant execute on function wardlink.count_attempt(bytea[], bytea, bigint, timestamptz) to wardlink_app;
-- No version that was released calls it.
drop function wardlink.count_sign_in_attempt(bytea[], timestamptz);

reset role;
reset search_path;
