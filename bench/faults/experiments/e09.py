"""E9: a long run at six tenths of what it can do: does anything grow?"""

import math
import random
import threading
import time

from client import Lost, ask
from experiments.answers import percentile
from load import PASSWORD

TITLE = "soak"
WRITERS = 12


def run(bench, report):
    seconds = bench.options.soak * 60
    warm_up = min(300, seconds / 3)
    with bench.stand("e09") as stand:
        most = most_per_second(stand, 4 if bench.short else 20)
        # Each pauses so long that together they come to six tenths of it.
        pause = WRITERS / (0.6 * most)
        load = stand.load(writers=WRITERS, readers=2, pause=pause)
        churn = Churn(stand.service.port, load)
        load.start()
        began, gauges = time.monotonic(), []
        while time.monotonic() - began < seconds:
            time.sleep(2)
            gauges.append(gauge(stand, time.monotonic() - began))
            if len(gauges) % 15 == 0:
                stand.witness.look()
        churn.stop()
        load.stop()
        report.note("requests", f"{load.rate():.0f}/s for {seconds / 60:g} min, at most {most:.0f} writes/s")
        judge_growth(report, [one for one in gauges if one["at"] > warm_up], seconds)
        judge_answers(report, load, began + warm_up)
        report.expect("refusals of nonsense, new sessions", "> 0 and none unexpected", churn, churn.fine())
        stand.judge(report, load, 100 if bench.short else 2000)


def most_per_second(stand, seconds):
    load = stand.load(writers=WRITERS)
    load.start()
    time.sleep(seconds)
    load.stop()
    return load.rate()


def gauge(stand, at):
    idle = stand.cluster.sql("select coalesce(max(extract(epoch from now() - state_change)), 0) from pg_stat_activity "
                             "where state like 'idle in transaction%'")
    sessions = stand.cluster.sql("select count(*) from pg_stat_activity where usename like 'wardlink%'")
    service = stand.service
    return {"at": at, "memory": service.memory(), "files": service.files(), "threads": service.threads(),
            "sessions": int(sessions), "idle": float(idle)}


def judge_growth(report, gauges, seconds):
    slope, error = slope_of([(one["at"] / 60, one["memory"]) for one in gauges])
    low, high = slope - 1.96 * error, slope + 1.96 * error
    grows = f"{slope:.2f} MB/min (95 %: {low:.2f} to {high:.2f}), now {gauges[-1]['memory']:.0f} MB"
    if seconds < 300:
        # So soon after the start nothing can be said of leaks.
        report.note("memory grows by", grows)
    else:
        report.expect_within("memory grows by", "< 1 MB/min, and perhaps not", grows, slope < 1 and low <= 0)
    for name, most in (("files", 10), ("threads", 2), ("sessions", 4)):
        values = [one[name] for one in gauges]
        report.expect_within(f"{name}, last against first", f"≤ {most} more",
                             f"{values[0]} → {values[-1]}, at most {max(values)}", values[-1] - values[0] <= most)
    idle = max(one["idle"] for one in gauges)
    report.expect_within("idle in transaction", "≤ 10 s", f"{idle:.1f} s", idle <= 10)


def judge_answers(report, load, since):
    samples = [sample for sample in load.samples if sample.at > since]
    half = since + (samples[-1].at - since) / 2
    first = percentile([sample.seconds for sample in samples if sample.at <= half], 0.99)
    last = percentile([sample.seconds for sample in samples if sample.at > half], 0.99)
    # Below 20 ms the difference is the machine's.
    report.expect_within("p99, second half against first", "≤ 1.2 ×", f"{last * 1000:.0f} ms / {first * 1000:.0f} ms",
                         last <= max(1.2 * first, 0.02))
    wrong = sum(not isinstance(sample.result, int) or sample.result >= 400 for sample in samples)
    report.expect("failed requests", 0, f"{wrong} of {len(samples)}", wrong == 0)


def slope_of(points):
    """Least squares, and its standard error as if the points did not depend on one another."""
    count = len(points)
    if count < 3:
        return math.inf, 0
    mean_x, mean_y = (sum(values) / count for values in zip(*points))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    rest = sum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in points)
    return slope, math.sqrt(rest / (count - 2) / spread)


class Churn:
    """People who sign in and out all the time, and one request in a hundred that is nonsense."""

    def __init__(self, port, load):
        self.port = port
        self.load = load
        self.sessions = self.refusals = 0
        self.unexpected = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        people = ("street@camden.example", "manager@primrose.example", "pc.kentish-town@met.example")
        while not self.over.wait(1):
            try:
                answer = ask(self.port, "POST", "/v1/auth/login",
                             body={"email": random.choice(people), "password": PASSWORD})
                if answer.status == 200:
                    self.sessions += 1
                    token = [("Authorization", f"Bearer {answer.json()['access_token']}")]
                    self.expect(ask(self.port, "POST", "/v1/auth/logout", token), {204, 200})
                else:
                    self.unexpected.append(answer.status)
                self.nonsense()
            except Lost as lost:
                self.unexpected.append(lost.kind)

    def nonsense(self):
        headers = self.load.town.council.headers()
        self.expect(ask(self.port, "POST", "/v1/cases", headers, {"title": 7}), {422})
        self.expect(ask(self.port, "GET", "/v1/cases/not-an-id", headers), {404})
        self.refusals += 2

    def expect(self, answer, statuses):
        if answer.status not in statuses:
            self.unexpected.append(answer.status)

    def fine(self):
        return self.refusals > 0 and self.sessions > 0 and not self.unexpected

    def __str__(self):
        return f"{self.refusals} and {self.sessions}, unexpected: {self.unexpected[:5] or 'none'}"

    def stop(self):
        self.over.set()
        self.thread.join()
