-- Two who signed in from one address at the same moment took each other's attempt back:
-- the second counted down what the first had left at one, and failed.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local search_path = wardlink, pg_temp;

-- Who may replace it is who owns it.
grant create on schema wardlink to wardlink_definer;
set local role wardlink_definer;
-- As before, and one after the other, in the order in which they are counted. What comes
-- after the lock sees what the one before has left.
create or replace function forgive_sign_in(
    p_forgotten bytea[], p_taken_back bytea, p_counted_at timestamptz, p_before timestamptz)
  returns void language plpgsql volatile security definer set search_path = wardlink, pg_temp as $$
begin
  perform from sign_in_failures f where f.key = any (array_append(p_forgotten, p_taken_back)) order by f.key for update;
  delete from sign_in_failures f where f.key = any (p_forgotten) or f.key = p_taken_back and f.failures = 1;
  update sign_in_failures f
     set failures = f.failures - 1,
         last_at = case when f.last_at = p_counted_at then coalesce(p_before, f.last_at) else f.last_at end
   where f.key = p_taken_back;
end $$;

reset role;
revoke create on schema wardlink from wardlink_definer;
reset search_path;
