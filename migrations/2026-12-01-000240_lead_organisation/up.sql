-- Another organisation than the owner can lead a case: one that the owner has named, for as
-- long as it may contribute to the case.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- Who was named; null where the owner leads. Whether it still may is in its share, and looked
-- at where the case is read.
alter table cases add column lead_organisation_id uuid;
alter table cases
  add constraint cases_lead_organisation_check check (lead_organisation_id <> org_id) not valid,
  add constraint cases_lead_organisation_fkey
    foreign key (lead_organisation_id) references organisations (id) not valid;
-- squawk-ignore constraint-missing-not-valid -- nobody is named yet
alter table cases validate constraint cases_lead_organisation_check;
-- squawk-ignore constraint-missing-not-valid -- likewise
alter table cases validate constraint cases_lead_organisation_fkey;

reset role;
reset search_path;
