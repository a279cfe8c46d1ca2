-- Sessions that are over are forgotten after a day, with their refresh tokens.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

create policy sweeper on sessions to wardlink_worker using (expires_at is not null);
create policy sweeper on refresh_tokens to wardlink_worker using (expires_at is not null);
grant select (id, org_id, expires_at, ended_at), delete on sessions to wardlink_worker;
grant select (org_id, session_id), delete on refresh_tokens to wardlink_worker;

reset role;
reset search_path;
