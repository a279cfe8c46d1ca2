"""E7: hundreds of clients that send or read as slowly as they can, beside some that behave."""

import math
import random
import socket
import threading
import time

from client import Connection, Lost, message
from experiments.answers import percentile

TITLE = "slow clients"
PATIENCE = 35
# Connections of those who behave.
SPARE = 15
# Slow clients that come each second.
ARRIVALS = 50


def run(bench, report):
    heads, bodies, readers, before, during = (100, 100, 40, 4, 41) if bench.short else (500, 500, 200, 15, 75)
    counts = {"heads": heads // 2, "later heads": heads // 2, "bodies": bodies // 2,
              "bodies that nobody reads": bodies // 2, "readers of 200 answers": readers}
    with bench.stand("e07") as stand:
        load = stand.load(writers=1)
        load.start()
        load.until_acknowledged(1, wait=20)
        load.stop()
        service, headers = stand.service, load.town.council.headers()
        path = f"/v1/cases/{load.cases[0]}"
        Good(service.port, path, headers).run_for(3)
        good = Good(service.port, path, headers)
        baseline = good.run_for(before)
        memory, files = service.memory(), service.files()
        usage = Usage(service)
        slow = Slow(service.port, counts, headers)
        good = Good(service.port, path, headers)
        beside = good.run_for(during)
        usage.stop()
        slow.stop()
        judge(report, baseline, beside, good)
        judge_slow(report, usage, memory, usage.seconds_until(SPARE) - slow.seconds, sum(counts.values()))
        time.sleep(3)
        back = service.files()
        # The pool of database connections fills up meanwhile.
        report.expect("open files afterwards", f"≤ {files} + 20", back, back <= files + 20)
        stand.judge(report, load)
        for kind, count in (counts | {"readers of one answer": readers}).items():
            note_alone(report, service, kind, count, headers)


def note_alone(report, service, kind, count, headers):
    """What each kind of them takes by itself, of a service that has just been started."""
    service.kill()
    service.start_and_wait()
    Good(service.port, "/v1/me", headers).run_for(2)
    memory = service.memory()
    usage = Usage(service)
    slow = Slow(service.port, {kind: count}, headers)
    time.sleep(slow.seconds + 3)
    usage.stop()
    slow.stop()
    _, connections, resident = max(usage.seen, key=lambda seen: seen[2])
    report.note(f"memory for {count} slow {kind} alone",
                f"{resident - memory:.0f} MB over {memory:.0f} MB, with {connections} connections")


def judge(report, baseline, beside, good):
    quiet, busy = percentile(baseline, 0.99), percentile(beside, 0.99)
    # A p99 of a few milliseconds doubles by itself on a machine with other work.
    limit = max(2 * quiet, 0.05)
    report.expect_within("p99 of 50 req/s beside them", f"< {limit * 1000:.0f} ms (2 × {quiet * 1000:.0f} ms alone)",
                         f"{busy * 1000:.0f} ms of {len(beside)}", busy < limit)
    report.expect("good requests that failed", 0, good.failed, good.failed == 0)


def judge_slow(report, usage, memory, cut, count):
    measured = f"{cut:.0f} s after the last came" if math.isfinite(cut) else f"{usage.seen[-1][1]} still open"
    report.expect_within(f"{count} slow ones are cut", f"all ≤ {PATIENCE} s", measured, cut <= PATIENCE)
    peak = max(resident for _, _, resident in usage.seen) - memory
    report.expect_within("memory for them", "< 100 MB", f"{peak:.0f} MB over {memory:.0f} MB", peak < 100)
    report.note("most connections", max(connections for _, connections, _ in usage.seen))


class Good:
    """Fifty requests a second, whether or not the last was answered."""

    RATE, THREADS = 50, 10

    def __init__(self, port, path, headers):
        self.port, self.path, self.headers = port, path, headers
        self.seconds = []
        self.failed = 0

    def run_for(self, seconds):
        threads = [threading.Thread(target=self.ask, args=(number, time.monotonic(), seconds))
                   for number in range(self.THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.seconds

    def ask(self, number, began, seconds):
        connection = Connection(self.port)
        step, due = self.THREADS / self.RATE, began + number / self.RATE
        while due < began + seconds:
            time.sleep(max(0, due - time.monotonic()))
            try:
                status = connection.request("GET", self.path, self.headers).status
            except Lost as lost:
                status = lost.kind
            if status != 200:
                self.failed += 1
            # From when it was due, so that waiting for the one before it counts.
            self.seconds.append(time.monotonic() - due)
            due += step
        connection.close()


def beginnings(headers):
    """What each kind of slow client sends at once, and how much those take in who never read."""
    wanted = message("GET", "/openapi.json")
    begun = message("GET", "/healthz")[:-2] + b"X-Slow: "
    unread = message("GET", "/healthz", [("Transfer-Encoding", "chunked")]) + b"ffffff\r\n"
    return {
        "heads": (begun, None),
        "later heads": (message("GET", "/healthz") + begun, None),
        "bodies": (message("POST", "/v1/cases", headers, {"title": "x" * 1000})[:-1000], None),
        "bodies that nobody reads": (unread, None),
        "readers of one answer": (wanted, 4096),
        "readers of 200 answers": (wanted * 200, 4096),
    }


class Slow:
    """Come a few at a time, send a byte a second to a head or a body, or never read what they asked for."""

    def __init__(self, port, counts, headers):
        self.port = port
        self.over = threading.Event()
        kinds = beginnings(headers)
        self.to_come = [kinds[kind] for kind, count in counts.items() for _ in range(count)]
        random.shuffle(self.to_come)
        self.seconds = len(self.to_come) / ARRIVALS
        self.senders, self.readers = [], []
        self.thread = threading.Thread(target=self.trickle)
        self.thread.start()

    def trickle(self):
        while not self.over.wait(1):
            coming, self.to_come = self.to_come[:ARRIVALS], self.to_come[ARRIVALS:]
            for beginning, receive in coming:
                if one := opened(self.port, beginning, receive):
                    (self.readers if receive else self.senders).append(one)
            self.senders = [one for one in self.senders if sent(one)]

    def stop(self):
        self.over.set()
        self.thread.join()
        for one in self.senders + self.readers:
            one.close()


def opened(port, beginning, receive=None):
    one = socket.socket()
    if receive:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    try:
        one.connect(("127.0.0.1", port))
        one.settimeout(0.2)
        one.sendall(beginning)
    except TimeoutError:
        pass
    except OSError:
        one.close()
        return None
    one.setblocking(False)
    return one


def sent(one):
    """One more byte; false once the other side has ended it."""
    try:
        if one.recv(65536) == b"":
            one.close()
            return False
    except BlockingIOError:
        pass
    except OSError:
        one.close()
        return False
    try:
        one.send(random.choice(b"abcdefgh").to_bytes())
    except BlockingIOError:
        pass
    except OSError:
        one.close()
        return False
    return True


class Usage:
    """Connections and memory of the service, twice a second."""

    def __init__(self, service):
        self.service = service
        self.began = time.monotonic()
        self.seen = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        while not self.over.wait(0.5):
            self.seen.append((time.monotonic() - self.began, self.service.connections(), self.service.memory()))

    def stop(self):
        self.over.set()
        self.thread.join()

    def seconds_until(self, connections):
        """When there were no more than `connections` for good, if that came."""
        last = max((at for at, count, _ in self.seen if count > connections), default=0.0)
        return last if last < self.seen[-1][0] else math.inf
