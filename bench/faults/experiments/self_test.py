"""Does the checker find what is wrong? What is planted here has to be found, by its name."""

import copy

from checker import check, verify
from ledger import FAIL, OK

TITLE = "the checker finds what is planted"
# Planted behind the back of triggers and foreign keys.
UNSEEN = "set session_replication_role = replica; set search_path = wardlink, pg_temp; "

# name, what is done to the database with the first acknowledged write of a kind, what has to be found
FALSIFIED = (
    ("a lost write", "note", "delete from notes where id = '{id}'", "lost"),
    ("a doubled write", "note",
     "insert into notes select gen_random_uuid(), org_id, case_id, case_org_id, author_user_id, body, audience, "
     "audience_org_ids, basis, created_at from notes where id = '{id}'", "doubled"),
    ("a change undone", "patch", "update cases set title = 'as before' where id = '{id}'", "lost"),
    ("an audit row missing", "post", "delete from audit_events where request_id = '{request_id}'", "half done"),
    ("an audit row doubled", "post",
     "insert into audit_events (op, action, outcome, purpose, request_id) select op, action, outcome, purpose, "
     "request_id from audit_events where request_id = '{request_id}'", "logged twice"),
    ("an outbox row missing", "transition", "delete from outbox_events where request_id = '{request_id}'", "half done"),
    ("an outbox row of another transaction", "note",
     "update outbox_events set tx = '99' where request_id = '{request_id}'", "in pieces"),
    ("a state row of another transaction", "note", "update notes set body = body where id = '{id}'", "in pieces"),
    ("an idempotency key missing", "propose", "delete from idempotency_keys where key = '{key}'", "half done"),
    ("a stale projection", "post", "update case_access set title = 'stale' where case_id = '{id}'",
     "another projection"),
)
# What is done to the log; `wardlink audit verify` has to find it.
TAMPERED = (
    ("a log entry changed", "update audit_events set action = 'read_case' where seq = "
                            "(select max(seq) from audit_seals)"),
    ("a log entry deleted", "delete from audit_events where seq = (select max(seq) from audit_seals)"),
    ("the checkpoints deleted", "delete from audit_checkpoints"),
)


def run(bench, report):
    with bench.stand("self-test") as stand:
        stand.service.stop()
        early = copy_database(stand, "early")
        stand.service.start_and_wait()
        load = stand.load(writers=8, leave=0.0)
        load.start()
        load.until_acknowledged(100, wait=60)
        load.stop()
        stand.sign()
        stand.service.stop()
        found = check(stand.cluster, load.ledger)
        report.expect("nothing planted", "nothing found", found, not found)
        whole, said = verify(stand.service, stand.witness.kept.values())
        report.expect("nothing planted in the log", "whole", said, whole)
        for falsification in FALSIFIED:
            plant(stand, load.ledger, report, *falsification)
        falsify_ledger(stand, load.ledger, report)
        for what, sql in TAMPERED:
            database = copy_database(stand, "tampered")
            stand.cluster.sql(UNSEEN + sql, database)
            expect_found(stand, report, what, database)
        expect_found(stand, report, "an older copy of the database", early)


def copy_database(stand, name):
    """PostgreSQL copies only what nobody uses: the service has to be stopped."""
    stand.cluster.sql(f"drop database if exists {name} with (force)", "postgres")
    stand.cluster.sql(f"create database {name} template wardlink", "postgres")
    return name


def plant(stand, ledger, report, what, kind, sql, name):
    write = next(write for write in ledger.writes if write.kind == kind and write.outcome == OK)
    request_id = write.attempts[-1]["request_id"]
    planted = UNSEEN + sql.format(id=write.id, request_id=request_id, key=write.key)
    expect_named(report, what, check(stand.cluster, ledger, planted=planted), name)


def expect_named(report, what, found, name):
    report.expect(what, name, ", ".join(sorted(found.names())) or "nothing", name in found.names())


def falsify_ledger(stand, ledger, report):
    false = copy.copy(ledger)
    false.writes = [copy.copy(write) for write in ledger.writes]
    next(write for write in false.writes if write.outcome == OK).outcome = FAIL
    found = check(stand.cluster, false)
    expect_named(report, "a refusal that took effect", found, "refused and done")
    false.writes[-1].outcome, false.writes[-1].marker = OK, "never sent"
    expect_named(report, "an acknowledgement of nothing", check(stand.cluster, false), "lost")


def expect_found(stand, report, what, database):
    url = stand.cluster.url("wardlink_auditor").rsplit("/", 1)[0] + "/" + database
    whole, said = verify(stand.service, stand.witness.kept.values(), WARDLINK_AUDITOR_URL=url, DATABASE_URL=url)
    report.expect(what, "audit verify fails", said, not whole)
