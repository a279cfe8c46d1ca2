-- A link that was wrong is taken back, and two cases are linked in one way at a time.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- By who made it, and who owns one of the cases.
create policy made_or_owned on case_links for delete to wardlink_app
  using (org_id = app_org() or case_org_id = app_org() or linked_case_org_id = app_org());
grant delete on case_links to wardlink_app;

-- Whoever links two cases waits for who is just linking them, whichever way.
create function hold_link(p_case uuid, p_other uuid) returns boolean language sql volatile
  set search_path = wardlink, pg_temp
  as $$
  select pg_advisory_xact_lock(hashtextextended(
    'link ' || least(p_case, p_other) || ' ' || greatest(p_case, p_other), 0)) is not null
$$;

reset role;
revoke execute on function wardlink.hold_link(uuid, uuid) from public;
grant execute on function wardlink.hold_link(uuid, uuid) to wardlink_app;
reset search_path;
