"""E5: every connection to the database is taken, and ten times as many requests come."""

import subprocess
import threading
import time

from client import Connection, Lost
from cluster import DATABASE
from experiments.answers import is_soon, percentile

TITLE = "pool exhaustion"
POOL = 16
HOLD = "begin; lock table wardlink.cases in access exclusive mode; select pg_sleep(60)"


def run(bench, report):
    rounds = 1 if bench.short else 5
    with bench.stand("e05", {"WARDLINK_CONNECTIONS": str(POOL)}.items()) as stand:
        load = stand.load(writers=16, pause=0.05)
        load.start()
        time.sleep(3)
        excess, cheap, ready, back = [], [], [], []
        for _ in range(rounds):
            one = flood(stand, load)
            excess += one["excess"]
            cheap += one["cheap"]
            ready += one["ready"]
            back.append(one["back"])
            time.sleep(1)
        load.stop()
        judge(report, excess, cheap, ready, max(back))
        hung = sum(sample.seconds > 5 for sample in load.samples)
        report.expect_within("requests that took more than 5 s", "0", hung, hung == 0)
        stand.judge(report, load, 50)


def flood(stand, load):
    """While somebody holds a table, so that whoever has a connection waits for it."""
    held = load.cases[0]
    holder = hold(stand.cluster)
    calls = [Call(stand.service.port, f"/v1/cases/{held}", load.town.council.headers()) for _ in range(10 * POOL)]
    probes = [Call(stand.service.port, "/healthz", ()) for _ in range(20)]
    readiness = [Call(stand.service.port, "/readyz", ()) for _ in range(3)]
    for call in calls:
        call.start()
    time.sleep(0.1)
    for probe in probes:
        probe.start()
        time.sleep(0.02)
    for probe in readiness:
        probe.start()
    for call in calls + probes + readiness:
        call.join()
    holder.terminate()
    holder.wait()
    stand.cluster.sql("select pg_terminate_backend(pid) from pg_stat_activity where query like 'begin; lock%'")
    released = time.monotonic()
    while Call(stand.service.port, f"/v1/cases/{held}", load.town.council.headers()).now() != 200:
        if time.monotonic() - released > 30:
            break
    back = time.monotonic() - released
    # Those that got a connection wait for the table; everybody else is the excess.
    ordered = sorted(calls, key=lambda call: call.seconds)
    return {"excess": ordered[: 9 * POOL], "cheap": probes, "ready": readiness, "back": back}


def hold(cluster):
    command = ["psql", "-h", str(cluster.run), "-p", str(cluster.port), "-U", "postgres", "-d", DATABASE, "-Xq",
               "-c", HOLD]
    holder = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not int(cluster.sql("select count(*) from pg_locks where mode = 'AccessExclusiveLock' and granted "
                              "and relation = 'wardlink.cases'::regclass")):
        time.sleep(0.02)
    return holder


def judge(report, excess, cheap, ready, back):
    statuses = sorted({str(call.status) for call in excess})
    report.expect("excess requests are answered", "503", ", ".join(statuses), statuses == ["503"])
    silent = sum(not is_soon(call.retry_after) for call in excess)
    report.expect("… with Retry-After of 1 to 5 s", "all", f"{len(excess) - silent} of {len(excess)}", silent == 0)
    slowest = percentile([call.seconds for call in excess], 0.99)
    report.expect_within("… p99", "≤ 600 ms", f"{slowest * 1000:.0f} ms of {len(excess)}", slowest <= 0.6)
    health = percentile([call.seconds for call in cheap], 0.99)
    fine = all(call.status == 200 for call in cheap)
    report.expect_within("/healthz meanwhile, p99", "200 in ≤ 100 ms", f"{health * 1000:.0f} ms", fine and health <= 0.1)
    worst = max(call.seconds for call in ready)
    report.note("/readyz meanwhile", f"{sorted({str(call.status) for call in ready})} in ≤ {worst * 1000:.0f} ms")
    report.expect_within("back to normal", "≤ 1 s", f"{back:.2f} s", back <= 1)


class Call(threading.Thread):
    """One request and what came of it."""

    def __init__(self, port, path, headers):
        super().__init__(daemon=True)
        self.connection = Connection(port)
        self.path = path
        self.headers = headers

    def run(self):
        began = time.monotonic()
        try:
            answer = self.connection.request("GET", self.path, self.headers)
            self.status, self.retry_after = answer.status, answer.headers.get("retry-after")
        except Lost as lost:
            self.status, self.retry_after = lost.kind, None
        self.seconds = time.monotonic() - began
        self.connection.close()

    def now(self):
        self.run()
        return self.status
