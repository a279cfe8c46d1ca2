"""E1: the service is killed again and again while people write."""

import random
import time

TITLE = "kill -9 of the service"


def run(bench, report):
    kills, wanted = (4, 500) if bench.short else (20, 10_000)
    with bench.stand("e01") as stand:
        load = stand.load(writers=64)
        load.start()
        slowest = 0.0
        for number in range(kills):
            load.until_acknowledged((number + 1) * wanted // (kills + 1), wait=30)
            time.sleep(random.random())
            stand.service.kill()
            slowest = max(slowest, stand.service.start_and_wait())
            stand.witness.look()
        load.until_acknowledged(wanted, wait=60)
        load.stop()
        report.note("writes", f"{load.rate():.0f}/s, {kills} kills")
        report.expect_within("ready after being executed", "≤ 2 s", f"{slowest:.2f} s", slowest <= 2)
        held = locks_held(stand.cluster)
        report.expect("locks of Idempotency-Keys left behind", "0", held, held == 0)
        stand.judge(report, load, wanted)


def locks_held(cluster):
    """A key is being worked on as long as its advisory lock is held. Within 60 s all are free."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        held = int(cluster.sql("select count(*) from pg_locks where locktype = 'advisory'"))
        if held == 0:
            return 0
        time.sleep(0.5)
    return held
