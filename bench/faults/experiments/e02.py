"""E2: clients hang up in the middle of a request, with a reset."""

import time

TITLE = "reset storm"


def run(bench, report):
    with bench.stand("e02") as stand:
        load = stand.load(writers=32, resets=0.2)
        load.start()
        time.sleep(12 if bench.short else 60)
        load.stop()
        resets = sum(sample.result == "reset" for sample in load.samples)
        report.note("requests", f"{len(load.samples)}, {resets} reset")
        report.expect("internal errors", "0 × 500", count(load, 500), count(load, 500) == 0)
        stand.judge(report, load, 200 if bench.short else 2000)


def count(load, status):
    return sum(sample.result == status for sample in load.samples)
