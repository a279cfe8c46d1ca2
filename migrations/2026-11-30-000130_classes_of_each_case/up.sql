-- Of a list the log says what was shown of each case. It said of every case in it what was
-- shown of any, so that the ledger of disclosures claimed what nobody had seen.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- Beside each case the classes of its data that were touched or shown, parted by commas;
-- NULL where they are data_classes for every one.
alter table audit_events add column case_classes text[];
alter table audit_events add constraint audit_events_case_classes_check
  check (cardinality(case_classes) = cardinality(case_ids)) not valid;
-- squawk-ignore constraint-missing-not-valid -- the column is new, and NULL passes
alter table audit_events validate constraint audit_events_case_classes_check;
grant insert (case_classes) on audit_events to wardlink_app, wardlink_worker;

reset role;
reset search_path;
