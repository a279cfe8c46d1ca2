-- Jobs let nobody in and start no session: whoever got hold of their login could. And
-- requests start none without looking whether what was checked still holds.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local search_path = wardlink, pg_temp;

-- Who may take it back is who owns it.
set local role wardlink_definer;
revoke execute on function
  find_sign_in(text),
  start_session(uuid, uuid, bigint, inet, text, bytea, bigint, text),
  rotate_refresh_token(bytea, bytea, bigint),
  enter(uuid, uuid, text),
  add_first_administrator(uuid, uuid, text, text, text, uuid)
  from wardlink_worker;
revoke execute on function start_session(uuid, uuid, bigint, inet, text, bytea, bigint, text) from wardlink_app;

reset role;
reset search_path;
