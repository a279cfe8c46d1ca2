-- A request costs the same however many organisations share the deployment.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- Which partnerships are meant is said to the index: what the policy of
-- partnership_members says, with its exception for the platform, is a filter, and
-- was asked of every membership there is.
alter policy own_and_partners on organisations
  using (id = app_org() or current_setting('app.org_kind', true) = 'platform'
    or id in (select m.org_id from partnership_members m where m.partnership_id = any (app_partnerships())));
alter policy own_and_partners on sectors
  using (org_id = app_org()
    or org_id in (select m.org_id from partnership_members m where m.partnership_id = any (app_partnerships())));
alter policy own_and_partners on sector_wards
  using (org_id = app_org()
    or org_id in (select m.org_id from partnership_members m where m.partnership_id = any (app_partnerships())));
alter policy own_and_partners on teams
  using (org_id = app_org()
    or org_id in (select m.org_id from partnership_members m where m.partnership_id = any (app_partnerships())));
alter policy own_and_partners on team_members
  using (org_id = app_org()
    or org_id in (select m.org_id from partnership_members m where m.partnership_id = any (app_partnerships())));

reset role;
-- A change that leaves the words of a case alone looked so much cheaper when planned
-- for its values that it was planned anew each time.
alter function wardlink.project_case() set plan_cache_mode to force_generic_plan;

reset search_path;
