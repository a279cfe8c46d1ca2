"""The client's ledger against the database, by SQL; the log against the checkpoints the client holds."""

import re
from pathlib import Path

from client import Lost
from ledger import OK

SCRIPT = Path(__file__).parent / "check.sql"
SHOWN = 3


class Findings:
    def __init__(self, pairs):
        self.pairs = pairs

    def names(self):
        return {name for name, _ in self.pairs}

    def __len__(self):
        return len(self.pairs)

    def __str__(self):
        if not self.pairs:
            return "0"
        kinds = {}
        for name, what in self.pairs:
            kinds.setdefault(name, []).append(what)
        return "; ".join(f"{len(them)} {name} ({', '.join(them[:SHOWN])})" for name, them in sorted(kinds.items()))


def check(cluster, ledger, same_cluster=True, planted=""):
    """Every violation there is. The transactions of rows are compared where the cluster is that in which they were
    written. What is `planted` first is rolled back afterwards."""
    script = "\n".join([
        f"\\set same_cluster {'true' if same_cluster else 'false'}",
        "begin;", planted + ";", "set session_replication_role = origin; reset search_path;",
        "create temp table writes (n int, kind text, marker text, key text, outcome text, id uuid);",
        "copy writes from stdin;", *map(write_row, ledger.writes), "\\.",
        "create temp table attempts (n int, request_id uuid, status int);",
        "copy attempts from stdin;", *attempt_rows(ledger.writes), "\\.",
        SCRIPT.read_text(),
        "rollback;",
    ])
    output = cluster.psql(["-f", "-"], script)
    return Findings([tuple(line.split("|", 1)) for line in output.splitlines()])


def write_row(write):
    record = write.id if write.outcome == OK else None
    return "\t".join([str(write.number), write.kind, write.marker, write.key, write.outcome, record or "\\N"])


def attempt_rows(writes):
    for write in writes:
        for attempt in write.attempts:
            status = "\\N" if attempt["status"] is None else attempt["status"]
            yield f"{write.number}\t{attempt['request_id']}\t{status}"


class Witness:
    """A partner who keeps the checkpoints it was shown, where no server can reach them."""

    def __init__(self, folder, person):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.person = person
        self.kept = {}

    def look(self):
        """Keeps the latest checkpoint, if one can be had."""
        try:
            seen = self.person.get("/v1/audit/checkpoints/latest")
        except (RuntimeError, Lost):
            return
        path = self.folder / f"{seen['tree_size']:012}.checkpoint"
        path.write_text(seen["note"])
        self.kept[seen["tree_size"]] = path

    def newest(self):
        return self.kept[max(self.kept)] if self.kept else None


def verify(service, checkpoints, **environment):
    """`wardlink audit verify` against the checkpoints: whether it is whole, and what it said."""
    arguments = [part for path in checkpoints for part in ("--checkpoint", path)]
    done = service.command("audit", "verify", *arguments, **environment)
    said = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("{")]
    return done.returncode == 0, re.sub(r"\s+", " ", "; ".join(said[:SHOWN])) or f"exit code {done.returncode}"
