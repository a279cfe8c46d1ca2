-- Number, id, transaction and time of an event are the database's to say, whatever
-- the service's code does.

set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local role wardlink_owner;
set local search_path = wardlink, pg_temp;

revoke insert on audit_events from wardlink_app, wardlink_worker;
grant insert (op, action, outcome, status, reason, actor_user_id, org_id, session_id, on_behalf_of, purpose,
    justification, request_id, peer, case_ids, case_org_ids, record_ids, data_classes, recipient_org_ids, facts)
  on audit_events to wardlink_app, wardlink_worker;

reset role;
reset search_path;
