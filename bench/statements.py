"""One request's statements, out of PostgreSQL's log, as a pgbench script."""

import re
from datetime import datetime, timedelta, timezone

ENTRY = re.compile(r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ UTC \[(\d+)\] \S+ ")
PARAMETER = re.compile(r"\$(\d+) = (NULL|'(?:[^']|'')*')")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00")


def statements_of(log, permission):
    """The (text, parameters) between BEGIN and COMMIT of the transaction that asked for `permission`."""
    sessions = {}
    entries = list(ENTRY.finditer(log))
    for entry, after in zip(entries, entries[1:] + [None]):
        text = log[entry.end() : after.start() if after else None].strip()
        run = sessions.setdefault(entry[1], [])
        if found := re.match(r"LOG:  (?:statement|execute [^:]+): (.*)", text, re.S):
            run.append((re.sub(r"\n\t", "\n", found[1]), {}))
        elif found := re.match(r"DETAIL:  [Pp]arameters: (.*)", text, re.S):
            run[-1][1].update((int(n), value) for n, value in PARAMETER.findall(found[1]))
    for run in sessions.values():
        starts = [at for at, (text, _) in enumerate(run) if text == "BEGIN"]
        for start in reversed(starts):
            entered = run[start + 1]
            if "enter(" in entered[0] and entered[1].get(3) == f"'{permission}'":
                end = next(at for at in range(start, len(run)) if run[at][0] == "COMMIT")
                return run[start : end + 1]
    raise SystemExit(f"the log has no transaction for {permission}")


class Script:
    """Turns the values of one request, made at `began`, into those of any."""

    def __init__(self, began, varying):
        self.began = began
        self.varying = varying  # text in a value -> pgbench variable
        self.fresh = {}  # ids the request made -> their number

    def of(self, statements):
        lines = []
        for text, parameters in statements:
            filled = re.sub(r"\$(\d+)", lambda found: self.value(parameters[int(found[1])]), text)
            lines.append(filled + ";")
        return "\\startpipeline\n" + "\n".join(lines) + "\n\\endpipeline\n"

    def value(self, literal):
        if literal == "NULL":
            return literal
        text = literal[1:-1].replace("''", "'")
        if MOMENT.fullmatch(text) and self.is_now(text):
            return "now()"
        pieces = self.pieces(text)
        if all(even for _, even in pieces):
            return quoted(text)
        joined = " || ".join(quoted(piece) if even else f"cast(:{piece} as text)" for piece, even in pieces)
        return f"({joined})" + cast_of(text)

    def is_now(self, text):
        at = datetime.fromisoformat(text.replace("+00", "+00:00"))
        return self.began - timedelta(seconds=1) <= at <= self.began + timedelta(seconds=10)

    def pieces(self, text):
        """Texts (True) and variables (False) by turns."""
        for found in set(UUID.findall(text)):
            made = int(found.replace("-", "")[:12], 16) / 1000
            if made >= self.began.timestamp() and not any(word in found for word in self.varying):
                number = self.fresh.setdefault(found, len(self.fresh))
                text = text.replace(found, f"019a{number:04x}-0000-7000-8000-\0q\0")
        for word, variable in self.varying.items():
            text = text.replace(word, f"\0{variable}\0")
        return [(piece, at % 2 == 0) for at, piece in enumerate(text.split("\0")) if piece or at % 2]


def cast_of(text):
    if UUID.fullmatch(text):
        return "::uuid"
    if text.startswith("{") and UUID.match(text[1:]):
        return "::uuid[]"
    return "::jsonb" if text.startswith('{"') else ""


def quoted(text):
    # pgbench takes a colon for the start of a variable, even within quotes.
    escaped = text.replace("\\", "\\\\").replace("'", "''").replace(":", "\\x3a").replace("\n", "\\n")
    return f"E'{escaped}'" if "\\" in escaped else f"'{escaped}'"


def now():
    return datetime.now(timezone.utc)
