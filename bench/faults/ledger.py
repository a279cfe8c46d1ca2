"""What a client knows of its own writes: each was acknowledged, refused, or nobody knows."""

import json
import threading
import time
import uuid

OK, FAIL, UNKNOWN = "ok", "fail", "unknown"


class Write:
    """One change that is wanted once, however often it has to be asked for."""

    def __init__(self, number, kind, marker, request):
        self.number = number
        self.kind = kind
        self.marker = marker
        self.request = request
        self.key = str(uuid.uuid4())
        self.outcome = UNKNOWN
        self.id = None
        self.attempts = []


class Ledger:
    """Kept in memory for the checker, and line by line in a file for whoever looks into it afterwards."""

    def __init__(self, path):
        self.writes = []
        self.lock = threading.Lock()
        self.file = open(path, "w", buffering=1)

    def want(self, kind, request, marker=None):
        with self.lock:
            number = len(self.writes)
            marker = marker or f"{kind} {number} {uuid.uuid4()}"
            write = Write(number, kind, marker, request(marker))
            self.writes.append(write)
        return write

    def invoke(self, write):
        """Every attempt has a request id of its own, by which the log tells them apart."""
        request_id = str(uuid.uuid4())
        attempt = {"request_id": request_id, "status": None}
        with self.lock:
            write.attempts.append(attempt)
        self.note("invoke", write, request_id)
        return attempt

    def settle(self, write, attempt, outcome, status, record=None, said=None):
        attempt["status"] = status if isinstance(status, int) else None
        write.outcome = outcome
        write.id = record or write.id
        self.note(outcome, write, attempt["request_id"], status=status, id=record, said=said)

    def note(self, event, write, request_id, **more):
        line = json.dumps({"at": time.time(), "event": event, "write": write.number, "kind": write.kind,
                           "key": write.key, "marker": write.marker, "request_id": request_id, **more})
        with self.lock:
            self.file.write(line + "\n")

    def count(self, outcome):
        return sum(write.outcome == outcome for write in self.writes)

    def close(self):
        self.file.close()
