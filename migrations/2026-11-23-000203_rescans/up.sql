-- A file that the scanner could not look at is looked at again.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

alter table attachments
  add column version bigint not null default 1,
  -- How often it was scanned in vain, and when to try again; NULL: never.
  add column scans bigint not null default 0,
  add column next_scan_at timestamptz;

-- Past row-level security, for this one statement: the owner of a table has no policy on it.
alter table attachments no force row level security;
update attachments set next_scan_at = created_at where state in ('quarantined', 'unscanned');
alter table attachments force row level security;

-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index attachments_to_scan on attachments (next_scan_at) where next_scan_at is not null;

-- What it has to scan, and what it has scanned.
create policy scanner_looks on attachments for select to wardlink_worker
  using (state in ('quarantined', 'unscanned') or scans > 0);
create policy scanner on attachments for update to wardlink_worker
  using (state in ('quarantined', 'unscanned')) with check (scans > 0);

grant select (id, org_id, case_id, case_org_id, phase, state, scans, next_scan_at, version)
  on attachments to wardlink_worker;
grant update (state, scan_result, scans, next_scan_at, version) on attachments to wardlink_worker;

reset role;
reset search_path;
