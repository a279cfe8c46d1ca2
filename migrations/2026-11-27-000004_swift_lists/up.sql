-- Lists of cases and tasks cost the same however many there are, whatever narrows them.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

-- A reference is among the words of a case already: as a phrase it is found by the
-- index, beside the words as people write them.
create or replace function case_words(words text) returns tsquery language sql immutable parallel safe
  as $$ select websearch_to_tsquery('english', words) || phraseto_tsquery('simple', words) $$;

-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index case_access_by_place on case_access (org_id, lon, lat);
-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index case_access_recent_by_state on case_access (org_id, state, updated_at desc, case_id desc);
-- As before, in a form of which the planner guesses that half the rows pass, and not one
-- in two hundred: it took reading in order for dear, and sorted all there was.
alter policy own on case_access
  using (org_id = app_org() and (expires_at is null or expires_at > now())
    and case when app_scope() is null then true
        else app_scope() && array[ward_gss || '/' || type, ward_gss || '/*', '*/' || type] end);

-- What an organisation sees of tasks that it neither asked for nor has: those on its
-- own cases, and those it had before.
-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index tasks_on_own_cases on tasks (case_org_id, updated_at desc, id desc);
-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index tasks_had_before on tasks using gin (previous_owner_org_ids);
-- What is one's own to do, and one's team's.
-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index tasks_of_person on tasks (owner_user_id, updated_at desc, id desc) where owner_user_id is not null;
-- squawk-ignore require-concurrent-index-creation -- in the transaction of the migration
create index tasks_of_team on tasks (owner_team_id, updated_at desc, id desc) where owner_team_id is not null;

reset role;
reset search_path;
