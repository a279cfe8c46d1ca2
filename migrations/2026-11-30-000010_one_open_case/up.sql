-- Of some case types one case is open at a time about the same thing: a vehicle.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- What a case is about, as its type tells it from others (`one_open_case_per`), and why it
-- is a case of its own all the same. In a column, since an index on what is in `details`
-- serves nobody below a policy: jsonb has no leakproof operators.
alter table cases add column open_case_key text, add column separate_because text;

-- Past row-level security, for this one statement: the owner of a table has no policy on it.
alter table cases no force row level security;
update cases set open_case_key = details ->> 'vrm'
 where type = 'abandoned_vehicle' and status_class = 'open' and details ->> 'vrm' is not null;
alter table cases force row level security;

-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index cases_by_open_case_key on cases (open_case_key, type, partnership_id)
  where open_case_key is not null;

-- Whoever looks for another open case holds what it would be about until the end of the
-- transaction, so that of two who look at once the second finds what the first recorded.
-- Each organisation for itself: nobody finds out by waiting what others record.
create function hold_open_case_key(p_type text, p_key text) returns boolean language sql volatile
  set search_path = wardlink, pg_temp
  as $$
  select pg_advisory_xact_lock(hashtextextended(
    'open case ' || app_org() || ' ' || p_type || ' ' || p_key, 0)) is not null
$$;

-- Whether somebody may read a case of this type in this ward, where what they do is not
-- reading: who only records cases is told of no other.
create function reads_cases(p_user uuid, p_session uuid, p_ward text, p_type text) returns boolean
  language sql stable security definer set search_path = wardlink, pg_temp as $$
  select exists (
    select from sessions s
      join role_grants g on g.org_id = s.org_id and g.user_id = s.user_id
      left join service_accounts a on a.user_id = s.user_id
      left join built_in_roles b on b.code = g.role
      left join custom_roles c on c.org_id = g.org_id and c.code = g.role
     where s.id = p_session and s.user_id = p_user
       and 'case.read' = any (coalesce(b.permissions, c.permissions))
       and coalesce('case.read' = any (a.scopes), true) and coalesce('case.read' = any (s.scopes), true)
       and coalesce(p_ward = any (g.areas), true) and coalesce(p_type = any (g.case_types), true))
$$;

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.reads_cases(uuid, uuid, text, text) owner to wardlink_definer;
revoke create on schema wardlink from wardlink_definer;
revoke execute on function wardlink.hold_open_case_key(text, text),
  wardlink.reads_cases(uuid, uuid, text, text) from public;
grant execute on function wardlink.hold_open_case_key(text, text),
  wardlink.reads_cases(uuid, uuid, text, text) to wardlink_app;
reset search_path;
