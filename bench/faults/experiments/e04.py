"""E4: the network between the service and PostgreSQL is cut, swallows everything, is slow, loses connections."""

import threading
import time

from client import Lost, ask
from experiments.answers import first_success_after, is_soon
from load import PASSWORD

TITLE = "network to PostgreSQL"
# A connection is waited for half a second, and one that nobody answers on is given up after five.
GIVE_UP = 5.5 + 0.5


def run(bench, report):
    long, brief = (10, 3) if bench.short else (40, 30)
    with bench.stand("e04", proxied=True) as stand:
        # Fewer clients than connections, so that some lie idle in the pool and are handed out dead.
        load = stand.load(writers=6, readers=2, patience=120)
        load.start()
        time.sleep(2)
        for name, seconds, mode in (
            ("cut", brief, {"mode": "cut"}),
            ("black hole", long, {"mode": "hole"}),
        ):
            away(stand, load, report, name, seconds, mode)
        for name, mode in (("200 ms more", {"delay": 0.2}), ("5 % resets", {"resets": 0.05})):
            poor(stand, load, report, name, brief, mode)
        load.stop()
        answers = [sample for sample in load.samples if isinstance(sample.result, int)]
        wrong = [sample for sample in answers if sample.result >= 500 and sample.result != 503]
        report.expect("answers that are 5xx but not 503", "0", f"{len(wrong)} of {len(answers)}", not wrong)
        silent = sum(sample.result == 503 and not is_soon(sample.retry_after) for sample in answers)
        report.expect("503 without Retry-After of 1 to 5 s", "0", silent, silent == 0)
        stand.judge(report, load, 100 if bench.short else 1000)


def away(stand, load, report, name, seconds, mode):
    """Nothing comes through: what do health, readiness and requests say, and how soon after it does again?"""
    watch, arrivals = Watch(stand.service.port), Arrivals(stand.service.port)
    began = time.monotonic()
    stand.proxy.set(**mode)
    time.sleep(seconds)
    healed = time.monotonic()
    stand.proxy.set()
    time.sleep(4)
    watch.stop()
    arrivals.stop()
    report.expect(f"{name}: /healthz", "200 throughout", watch.worst_health(), watch.worst_health() == 200)
    unready = watch.unready_at - began
    report.expect_within(f"{name}: /readyz says 503", "≤ 3 s", f"{unready:.1f} s" if unready < seconds else "never",
                         unready <= 3)
    ready = watch.ready_after(healed) - healed
    report.expect_within(f"{name}: /readyz is 200 again", "≤ 2 s", f"{ready:.1f} s", ready <= 2)
    first = first_success_after(load, healed)
    report.expect_within(f"{name}: first 2xx", "≤ 2 s after it is back", f"{first:.1f} s", first <= 2)
    while_away = [sample for sample in list(load.samples)
                  if sample.at > began and sample.at - sample.seconds < healed]
    longest = max((sample.seconds for sample in while_away), default=0)
    report.expect_within(f"{name}: the longest request", f"≤ {GIVE_UP:g} s", f"{longest:.1f} s of {len(while_away)}",
                         while_away and longest <= GIVE_UP)
    longest = max((seconds for at, seconds in arrivals.seen if at < healed), default=0)
    report.expect_within(f"{name}: the longest sign-in", f"≤ {GIVE_UP:g} s",
                         f"{longest:.1f} s of {len(arrivals.seen)}", arrivals.seen and longest <= GIVE_UP)


def poor(stand, load, report, name, seconds, mode):
    before = len(load.samples)
    stand.proxy.set(**mode)
    time.sleep(seconds)
    stand.proxy.set()
    time.sleep(1)
    during = [sample.result for sample in list(load.samples)[before:]]
    good = sum(isinstance(result, int) and result < 300 for result in during)
    report.expect(f"{name}: still works", "some 2xx", f"{good} of {len(during)}", good > 0)


class Arrivals:
    """Signs in again and again, and notes when each began and how long it took."""

    def __init__(self, port):
        self.port = port
        self.over = threading.Event()
        self.seen = []
        self.threads = [threading.Thread(target=self.arrive, daemon=True) for _ in range(2)]
        for thread in self.threads:
            thread.start()

    def arrive(self):
        body = {"email": "asb@camden.example", "password": PASSWORD}
        while not self.over.is_set():
            began = time.monotonic()
            try:
                ask(self.port, "POST", "/v1/auth/login", body=body)
            except Lost:
                pass
            self.seen.append((began, time.monotonic() - began))

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


class Watch:
    """Asks for health and readiness four times a second, each in its own thread: one may hang."""

    def __init__(self, port):
        self.port = port
        self.over = threading.Event()
        self.seen = {"/healthz": [], "/readyz": []}
        self.threads = [threading.Thread(target=self.ask, args=(path,), daemon=True) for path in self.seen]
        for thread in self.threads:
            thread.start()

    def ask(self, path):
        while not self.over.is_set():
            try:
                status = ask(self.port, "GET", path, timeout=35).status
            except Lost as lost:
                status = lost.kind
            self.seen[path].append((time.monotonic(), status))
            time.sleep(0.25)

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join(40)

    def worst_health(self):
        return next((status for _, status in self.seen["/healthz"] if status != 200), 200)

    @property
    def unready_at(self):
        return next((at for at, status in self.seen["/readyz"] if status != 200), float("inf"))

    def ready_after(self, moment):
        return next((at for at, status in self.seen["/readyz"] if status == 200 and at > moment), float("inf"))
