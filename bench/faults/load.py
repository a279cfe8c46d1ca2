"""People at work: each records a case, changes it, notes, moves it on, asks a partner for a task, which accepts."""

import datetime
import random
import threading
import time
from typing import NamedTuple

from client import Connection, Lost, ask
from ledger import FAIL, OK, UNKNOWN, Ledger

PASSWORD = "Demo-only-passphrase-1"
TOKEN_LIFE = 600
# Longer than the service takes for anything, so that it is seen how long it takes.
TIMEOUT = 75
PLACE = {"type": "Point", "coordinates": [-0.1385, 51.5475]}


class Sample(NamedTuple):
    """One attempt, as the client saw it."""

    at: float
    what: str
    result: int | str
    seconds: float
    retry_after: str | None


class Person:
    def __init__(self, email, port):
        self.email = email
        self.port = port
        self.token = None
        self.since = 0
        self.lock = threading.Lock()

    def headers(self):
        with self.lock:
            if self.token is None or time.monotonic() - self.since > TOKEN_LIFE:
                answer = ask(self.port, "POST", "/v1/auth/login", body={"email": self.email, "password": PASSWORD})
                if answer.status != 200:
                    raise Lost("sign-in")
                self.token, self.since = answer.json()["access_token"], time.monotonic()
            return [("Authorization", f"Bearer {self.token}")]

    def get(self, path):
        answer = ask(self.port, "GET", path, self.headers())
        if answer.status != 200:
            raise RuntimeError(f"GET {path}: {answer.status} {answer.body.decode()}")
        return answer.json()


class Town:
    """Who asks and who is asked, in the demonstration's partnership."""

    def __init__(self, port):
        self.council = Person("csm@camden.example", port)
        self.police = Person("insp.north@met.example", port)
        self.officer = self.police.get("/v1/me")["id"]
        self.partner = self.police.get("/v1/me")["organisation"]["id"]
        self.partnership = self.council.get("/v1/partnerships")["items"][0]["id"]
        self.agreement = self.council.get("/v1/agreements")["items"][0]["id"]

    def case(self, marker):
        return self.council, "POST", "/v1/cases", {
            "partnership_id": self.partnership, "type": "graffiti", "title": "Lettering on the bridge",
            "description": marker, "location": PLACE, "address": "12 Leverton Street, NW5"}

    def patch(self, case):
        return lambda marker: (self.council, "PATCH", f"/v1/cases/{case}", {"title": marker})

    def note(self, case):
        body = {"audience": "partners", "basis": "fact"}
        return lambda marker: (self.council, "POST", f"/v1/cases/{case}/notes", body | {"body": marker})

    def transition(self, case):
        data = {"surface_owner": "utility", "owner_organisation": "The water company"}
        return lambda marker: (self.council, "POST", f"/v1/cases/{case}/transitions",
                               {"event": "refer_owner", "reason": marker, "data": data})

    def propose(self, case):
        now = datetime.datetime.now(datetime.UTC)
        share = {"organisation_id": self.partner, "level": "contribute", "data_classes": ["core", "location", "notes"],
                 "gateway": "CDA115", "agreement_id": self.agreement, "purpose": "case_work",
                 "quality": {"as_of": stamp(now - datetime.timedelta(minutes=5)), "completeness": "complete"}}
        return lambda marker: (self.council, "POST", f"/v1/cases/{case}/tasks", {
            "title": "Look whether it is still there", "description": marker, "tactic": "remove_vehicle",
            "owner_org_id": self.partner, "priority": "p3", "due_at": stamp(now + datetime.timedelta(days=7)),
            "share": share})

    def accept(self, task):
        return lambda _: (self.police, "POST", f"/v1/tasks/{task}/accept", {"owner_user_id": self.officer})


def stamp(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Load:
    """`writers` at work and `readers` looking, until stopped."""

    def __init__(self, port, path, writers=16, readers=0, resets=0.0, pause=0.0, patience=60.0, leave=0.05):
        self.port = port
        self.ledger = Ledger(path)
        self.town = Town(port)
        self.samples = []
        self.resets = resets
        self.pause = pause
        self.patience = patience
        self.leave = leave
        self.cases = []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(writers)]
        self.threads += [threading.Thread(target=self.look, daemon=True) for _ in range(readers)]

    def start(self):
        self.began = time.monotonic()
        for thread in self.threads:
            thread.start()
        return self

    def stop(self):
        """Lets everybody finish what they began."""
        self.over.set()
        for thread in self.threads:
            thread.join(self.patience + TIMEOUT)
        self.seconds = time.monotonic() - self.began
        self.ledger.close()
        stuck = sum(thread.is_alive() for thread in self.threads)
        if stuck:
            raise RuntimeError(f"{stuck} clients are stuck")

    def until_acknowledged(self, count, wait):
        until = time.monotonic() + wait
        while self.ledger.count(OK) < count and time.monotonic() < until:
            time.sleep(0.05)

    # --- Writing

    def work(self):
        connection = Connection(self.port, TIMEOUT)
        while not self.over.is_set():
            self.live(connection)
        connection.close()

    def live(self, connection):
        """One case, from its record to a partner's acceptance; left where a step does not come through."""
        case = self.do(connection, "post", self.town.case)
        if case is None:
            return
        self.cases.append(case)
        for kind in ("patch", "note", "transition"):
            if self.over.is_set() or self.do(connection, kind, getattr(self.town, kind)(case)) is None:
                return
        task = None if self.over.is_set() else self.do(connection, "propose", self.town.propose(case))
        if task is not None and not self.over.is_set():
            self.do(connection, "accept", self.town.accept(task), marker=task)

    def do(self, connection, kind, request, marker=None):
        """The id of what was written, or none. A few give up at once, and never learn what became of it."""
        write = self.ledger.want(kind, request, marker)
        leaves = random.random() < self.leave
        until, wait = time.monotonic() + self.patience, 0.05
        while True:
            outcome = self.attempt(connection, write)
            if outcome == OK:
                time.sleep(self.pause)
                return write.id
            time.sleep(wait)
            if outcome == FAIL or time.monotonic() > until or leaves:
                return None
            wait = min(wait * 2, 0.5)

    def attempt(self, connection, write):
        person, method, path, body = write.request
        attempt = self.ledger.invoke(write)
        began = time.monotonic()
        answer = None
        try:
            headers = [*person.headers(), ("Idempotency-Key", write.key), ("X-Request-Id", attempt["request_id"]),
                       ("If-Match", "*")]
            began = time.monotonic()
            if random.random() < self.resets:
                answer = connection.request_and_reset(method, path, headers, body, 0.05)
            else:
                answer = connection.request(method, path, headers, body)
            result = answer.status
        except Lost as lost:
            result = lost.kind
        self.sample(write.kind, result, began, answer)
        outcome = outcome_of(answer)
        record = answer.json()["id"] if outcome == OK else None
        said = answer.body.decode()[:400] if answer and outcome != OK else None
        self.ledger.settle(write, attempt, outcome, result, record, said)
        return outcome

    # --- Looking

    def look(self):
        connection = Connection(self.port, TIMEOUT)
        while not self.over.is_set():
            path = f"/v1/cases/{random.choice(self.cases)}" if self.cases else "/v1/cases?limit=5"
            began, answer = time.monotonic(), None
            try:
                answer = connection.request("GET", path, self.town.council.headers())
                result = answer.status
            except Lost as lost:
                result = lost.kind
            self.sample("read", result, began, answer)
            time.sleep(self.pause if result == 200 else 0.05)
        connection.close()

    def sample(self, what, result, began, answer):
        retry_after = answer.headers.get("retry-after") if answer else None
        now = time.monotonic()
        self.samples.append(Sample(now, what, result, now - began, retry_after))

    def rate(self):
        return len(self.samples) / (self.samples[-1].at - self.began)


def outcome_of(answer):
    """503 and what is still running may be asked again with the same key; other refusals are final."""
    if answer is None or answer.status >= 500 or answer.status == 429:
        return UNKNOWN
    if answer.status < 300:
        return OK
    return UNKNOWN if answer.status == 409 and b"request-still-running" in answer.body else FAIL
