"""E11: the service's clock is wrong, and jumps; that of the database is right."""

import glob
import time

from bench import Skipped
from client import Lost, ask
from load import PASSWORD, Person

TITLE = "clock skew"
LIBRARY = "/usr/lib/*/faketime/libfaketimeMT.so.1"


def run(bench, report):
    libraries = glob.glob(LIBRARY)
    if not libraries:
        raise Skipped("needs libfaketime (Debian: apt-get install faketime)")
    with bench.stand("e11") as stand:
        false = stand.folder / "false-time"
        false.write_text("+0")
        clocked = {"LD_PRELOAD": libraries[0], "FAKETIME_TIMESTAMP_FILE": str(false), "FAKETIME_NO_CACHE": "1",
                   "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        other = stand.another_service("clocked", clocked)
        other.start_and_wait()
        try:
            for name, offset, own_there, theirs_here in (
                ("+3 s", "+3", 200, 200),
                ("+120 s", "+120", 200, 401),
                ("−1 h", "-3600", 401, 401),
            ):
                false.write_text(offset)
                tokens(stand, other, report, name, own_there, theirs_here)
            false.write_text("-2")
            side_by_side(stand, other, report)
            jumps(bench, stand, other, report, false)
        finally:
            other.stop()


def tokens(stand, other, report, name, own_there, theirs_here):
    """A token of the right clock there, and one of the false clock here."""
    own, theirs = token(stand.service.port), token(other.port)
    there, here, itself = (me(port, bearer) for port, bearer in
                           ((other.port, own), (stand.service.port, theirs), (other.port, theirs)))
    report.expect(f"{name}: a right token where the clock is wrong", own_there, there, there == own_there)
    # An hour back its tokens have run out here; two minutes ahead they are not valid yet.
    report.expect(f"{name}: its token where the clock is right", theirs_here, here, here == theirs_here)
    report.expect(f"{name}: its token with itself", 200, itself, itself == 200)


def side_by_side(stand, other, report):
    """Two instances whose clocks are two seconds apart: what was recorded at one is moved on at the other."""
    load = stand.load(writers=0)
    council, method, path, body = load.town.case("recorded where the clock is right")
    case = ask(stand.service.port, method, path, council.headers(), body).json()["id"]
    _, method, path, body = load.town.transition(case)("moved on where it is two seconds slow")
    answer = ask(other.port, method, path, [*council.headers(), ("If-Match", "*")], body)
    measured = answer.status if answer.status == 200 else f"{answer.status} {answer.json()['type']}"
    report.expect("2 s apart: a case recorded here moves on there", 200, measured, answer.status == 200)
    load.ledger.close()


def token(port):
    answer = ask(port, "POST", "/v1/auth/login", body={"email": "street@camden.example", "password": PASSWORD})
    return answer.json()["access_token"] if answer.status == 200 else None


def me(port, bearer):
    try:
        return ask(port, "GET", "/v1/me", [("Authorization", f"Bearer {bearer}")]).status
    except Lost as lost:
        return lost.kind


def jumps(bench, stand, other, report, false):
    """The clock jumps while people work there."""
    last = int(stand.cluster.sql("select max(seq) from wardlink.audit_events"))
    false.write_text("+0")
    load = stand.load(port=other.port, writers=8)
    load.start()
    for offset in ("+120", "-60", "+0") * (1 if bench.short else 4):
        time.sleep(3)
        false.write_text(offset)
        for person in (load.town.council, load.town.police):
            renew(person)
    time.sleep(2)
    load.stop()
    # Tokens run out or are not valid yet, and a step of a case cannot be earlier than the one before it.
    understood = (401, 422)
    wrong = [sample for sample in load.samples if not isinstance(sample.result, int)
             or sample.result >= 400 and sample.result not in understood]
    report.expect("jumps: requests that failed", "0 but 401 and 422", f"{len(wrong)} of {len(load.samples)}", not wrong)
    report.note("jumps: steps refused as out of order", sum(sample.result == 422 for sample in load.samples))
    slowest = max(sample.seconds for sample in load.samples)
    report.expect_within("jumps: the longest request", "≤ 5 s", f"{slowest:.1f} s", slowest <= 5)
    late = stand.cluster.sql(f"select count(*) from wardlink.audit_events e where seq > {last} and "
                             "at > clock_timestamp() + interval '1 s'")
    report.expect("log entries with a time to come", 0, late, late == "0")
    backwards = stand.cluster.sql(
        "select count(*) from (select at, max(at) over (order by seq rows between unbounded preceding and 1 preceding) "
        f"as before from wardlink.audit_events where seq > {last}) e where before - at > interval '10 s'")
    report.expect("log entries whose time goes back", 0, backwards, backwards == "0")
    stand.witness.person = Person("dpo@camden.example", stand.service.port)
    stand.judge(report, load, 50)


def renew(person: Person):
    with person.lock:
        person.token = None
