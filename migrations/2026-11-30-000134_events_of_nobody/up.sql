-- What belongs to no organisation is the platform's to read: sign-ins of nobody it knows,
-- forged tokens. Nobody could.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- What jobs do by themselves is none of these: it is of the op of what they did.
alter policy both_sides on audit_events
  using (org_id = app_org() or app_org() = any (case_org_ids) or app_org() = any (recipient_org_ids)
    or (org_id is null and op = 'security' and current_setting('app.org_kind', true) = 'platform'));
-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index audit_events_of_nobody on audit_events (at, seq) where org_id is null and op = 'security';

reset role;
reset search_path;
