"""E14: a backup taken while people work is restored, verified and served; an old one is told from the present."""

import copy
import shutil
import subprocess
import time

from checker import check, verify
from client import ask
from cluster import DATABASE, Cluster, give
from ledger import OK, UNKNOWN
from service import Service

TITLE = "backup and restore"
UNGUARDED = ("select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace "
             "where n.nspname = 'wardlink' and c.relkind in ('r', 'p') "
             "and not (c.relrowsecurity and c.relforcerowsecurity)")


def run(bench, report):
    with bench.stand("e14") as stand:
        for name, take, restore in (("pg_basebackup", take_base, restore_base), ("pg_dump", take_dump, restore_dump)):
            load = stand.load(writers=8)
            load.start()
            time.sleep(3 if bench.short else 15)
            before = stand.sign()
            acknowledged = {write.number for write in load.ledger.writes if write.outcome == OK}
            # Keys and the last checkpoint are backed up first: what they know of has to be in the other backup.
            data = shutil.copytree(stand.service.data, stand.folder / f"data-{name}")
            backup = take(stand, stand.folder / f"backup-{name}")
            time.sleep(1)
            load.stop()
            after = stand.sign()
            began = time.monotonic()
            cluster = restore(stand, backup, stand.folder / f"restored-{name}")
            try:
                judge(bench, stand, report, name, cluster, began, data, (before, after))
                found = check(cluster, as_of(load.ledger, acknowledged), same_cluster=False)
                report.expect(f"{name}: violations of ①–④ in it", "0",
                              f"{found} in {len(acknowledged)} acknowledged", not found and acknowledged)
            finally:
                cluster.stop()
        stand.judge(report, load, 20)


def as_of(ledger, acknowledged):
    """The ledger as the backup has to know it: what came later may be there or not, but not by halves."""
    seen = copy.copy(ledger)
    seen.writes = []
    for write in ledger.writes:
        write = copy.copy(write)
        if write.number not in acknowledged:
            write.outcome = UNKNOWN
            write.attempts = [attempt | {"status": None} for attempt in write.attempts]
        seen.writes.append(write)
    return seen


def judge(bench, stand, report, name, cluster, began, data, checkpoints):
    before, after = checkpoints
    service = Service(bench.program, cluster, data, stand.folder / f"restored-{name}.log")
    service.start_and_wait()
    report.note(f"{name}: from the backup to ready", f"{time.monotonic() - began:.1f} s")
    unguarded = cluster.sql(UNGUARDED)
    report.expect(f"{name}: tables without forced row security", 0, unguarded, unguarded == "0")
    whole, said = verify(service, [before])
    report.expect(f"{name}: verify, checkpoint of before", "whole", said, whole)
    whole, said = verify(service, [after])
    report.expect(f"{name}: verify, checkpoint of after", "rollback", said, not whole and "rollback" in said)
    service.stop()
    refuses(bench, stand, report, name, cluster)


def refuses(bench, stand, report, name, cluster):
    """With the memory of now, the notary does not sign the log of then."""
    data = shutil.copytree(stand.service.data, stand.folder / f"data-now-{name}")
    service = Service(bench.program, cluster, data, stand.folder / f"refusing-{name}.log")
    service.start_and_wait()
    try:
        until, refused = time.monotonic() + 20, False
        while time.monotonic() < until and not refused:
            refused = b"wardlink_audit_checkpoint_refused 1" in ask(service.port, "GET", "/metrics").body
            time.sleep(0.2)
        report.expect(f"{name}: an old backup is not signed", "refused", "refused" if refused else "signed", refused)
    finally:
        service.stop()


# --- The two ways of backing up


def take_base(stand, folder):
    folder.mkdir(mode=0o700)
    give(folder)
    stand.cluster.command("pg_basebackup", "-D", folder, "-X", "stream", "-c", "fast", *where(stand.cluster))
    return folder


def restore_base(_, backup, folder):
    cluster = Cluster(folder)
    folder.mkdir(mode=0o711)
    subprocess.run(["cp", "-a", backup, cluster.data], check=True)
    cluster.run.mkdir(mode=0o700)
    give(cluster.run)
    cluster.start()
    return cluster


def take_dump(stand, folder):
    folder.mkdir(mode=0o700)
    give(folder)
    stand.cluster.command("pg_dumpall", "--roles-only", "-f", folder / "roles.sql", *where(stand.cluster))
    stand.cluster.command("pg_dump", "-Fc", "-f", folder / "dump", *where(stand.cluster), DATABASE)
    return folder


def restore_dump(_, backup, folder):
    cluster = Cluster(folder).create()
    cluster.sql(f"drop database {DATABASE}", "postgres")
    # The superuser is there already; all other roles have to come.
    cluster.psql(["-v", "ON_ERROR_STOP=0", "-f", backup / "roles.sql"], database="postgres")
    cluster.command("pg_restore", "-C", "-d", "postgres", *where(cluster), backup / "dump")
    return cluster


def where(cluster):
    return "-h", cluster.run, "-p", str(cluster.port), "-U", "postgres"
