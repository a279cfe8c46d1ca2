-- Whoever reads the log knows a case by its reference: by that it is found, and shown.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index cases_by_ref on cases (ref);

-- The references of cases, or the cases of references, as far as the caller's organisation
-- sees those cases, or saw them once.
create function known_references(p_cases uuid[], p_refs text[]) returns table (id uuid, reference text)
  language sql stable security definer set search_path = wardlink, pg_temp as $$
  select meant.id, meant.ref
    from (select c.id, c.ref from cases c where c.id = any (p_cases)
          union all select c.id, c.ref from cases c where c.ref = any (p_refs)) meant
   where exists (select from case_access a where a.org_id = app_org() and a.case_id = meant.id offset 0)
      or exists (select from shares s where s.case_id = meant.id and s.to_org_id = app_org()
        and s.state in ('active', 'superseded', 'revoked', 'recalled', 'expired', 'ended') offset 0)
$$;

reset role;
grant create on schema wardlink to wardlink_definer;
alter function wardlink.known_references(uuid[], text[]) owner to wardlink_definer;
revoke create on schema wardlink from wardlink_definer;
revoke execute on function wardlink.known_references(uuid[], text[]) from public;
grant execute on function wardlink.known_references(uuid[], text[]) to wardlink_app;
reset search_path;
