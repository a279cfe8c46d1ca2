-- Who was in a team until when stays known: whoever leaves it is not deleted any more.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

create policy own_changes on team_members for update to wardlink_app
  using (org_id = app_org()) with check (org_id = app_org());
grant update (member_to) on team_members to wardlink_app;

reset role;
reset search_path;
