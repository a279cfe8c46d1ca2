"""E3: PostgreSQL is restarted, stopped at once, and loses a backend."""

import signal
import time

from cluster import Cluster
from experiments.answers import expect_only_503, first_success_after

TITLE = "PostgreSQL restart and backend kill"


def run(bench, report):
    times = 1 if bench.short else 10
    with bench.stand("e03") as stand:
        load = stand.load(writers=16, readers=8, patience=120)
        load.start()
        time.sleep(3)
        recoveries = {}
        for name, harm in (("fast restart", restart), ("immediate stop", stop_at_once),
                           ("backend kill", Cluster.kill_backend)):
            accepted = []
            for _ in range(times):
                accepted.append(harm(stand.cluster))
                time.sleep(4)
            recoveries[name] = accepted
        load.stop()
        report.note("requests", f"{load.rate():.0f}/s")
        expect_only_503(report, load)
        for name, accepted in recoveries.items():
            slowest = max(first_success_after(load, at) for at in accepted)
            report.expect_within(f"first 2xx after {name}", "≤ 2 s after it accepts", f"{slowest:.2f} s", slowest <= 2)
        stand.judge(report, load, 200 if bench.short else 2000)


def restart(cluster):
    cluster.stop(signal.SIGINT)
    return cluster.start()


def stop_at_once(cluster):
    cluster.stop(signal.SIGQUIT)
    return cluster.start()
