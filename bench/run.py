#!/usr/bin/env python3
"""Measures Wardlink against pgbench running the same statements. See README.md."""

import argparse
import base64
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True
import proof
from statements import Script, now, statements_of

HERE = Path(__file__).parent
LISTEN = "127.0.0.1:18080"
WHO = {"case": "csm@camden.example", "task": "csm@camden.example", "audit": "dpo@camden.example"}
PASSWORD = "Demo-only-passphrase-1"
CONNECTIONS = 16
TASKS = 99_000
CASE = "/v1/cases/01900000-0000-7000-8000-"
TASK = "/v1/tasks/01900001-0000-7000-8000-"
OWN = "\\set n 100000000000 + 60 * random(1, :total / 60 - 2)\n"
SEEN = (
    "\\set o random(0, 2)\n\\set n 100000000000 + 20 * random(1, :total / 20 - 2) "
    "+ case when :o = 0 then 0 when :o = 1 then 13 else 19 end\n"
)
# A range of tasks for the server, the rest for pgbench's clients.
DUE = "\\set i 35000 + :client_id * 4000 + :k\n\\set t 200000000000 + :i\n" \
      "\\set n 100000000019 + 20 * (1 + :i % (:total / 20 - 2))\n"

# name, method, path, body, permission, what pgbench varies
OPERATIONS = [
    ("GET", "GET", CASE + "{seen}", None, "case.read", SEEN),
    ("LIST 50", "GET", "/v1/cases?limit=50", None, "case.read", ""),
    ("LIST 50, ward and type", "GET", "/v1/cases?limit=50&type=graffiti&ward=%WARD%", None, "case.read", ""),
    ("transition", "POST", CASE + "{own}/transitions", {"event": "external_told"}, "case.transition", OWN),
    ("task accept", "POST", TASK + "{due}/accept", {}, "task.answer", DUE),
    ("POST", "POST", "/v1/cases", {
        "partnership_id": "%PARTNERSHIP%", "type": "graffiti", "title": "Lettering on the bridge {next}",
        "description": "Seen on the corner, five weeks running.", "address": "12 Leverton Street, NW5",
        "location": {"type": "Point", "coordinates": [-0.1385, 51.5475]},
    }, "case.create", ""),
    ("PATCH", "PATCH", CASE + "{own}", {"title": "Lettering on the wall {next}"}, "case.update", OWN),
    ("log, 50", "GET", "/v1/audit/events?limit=50", None, "audit.read", ""),
    ("log of a case", "GET", "/v1/audit/events?case=01900000-0000-7000-8000-{own}", None, "audit.read", OWN),
]


class Bench:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.admin = os.environ["DATABASE_URL"]
        self.log = Path(self.sql("show data_directory", self.admin)).parent / "log" / "postgres.log"
        self.base = 300_000_000_000
        self.server = None
        self.address = f"http://{LISTEN}"

    # --- PostgreSQL

    def sql(self, text, url=None):
        return self.psql(["-c", text], url)

    def psql(self, arguments, url=None):
        command = ["psql", url or self.url, "-XAtq", "-v", "ON_ERROR_STOP=1", *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"psql: {done.stderr}")
        return done.stdout.strip()

    def create(self, size):
        name = f"bench_{size}"
        self.url = self.admin.rsplit("/", 1)[0] + "/" + name
        self.sql(f"create database {name}", self.admin)
        self.sql("alter system set max_wal_size = '8GB'", self.admin)
        self.sql("alter system set maintenance_work_mem = '512MB'", self.admin)
        self.sql("select pg_reload_conf()", self.admin)
        self.wardlink("demo")

    def load(self, size):
        """Answers with cases per second, indexes included."""
        indexes = self.sql(
            "select indexdef from pg_indexes where schemaname = 'wardlink' and indexdef not like '%UNIQUE%'"
            " and tablename in ('case_access', 'shares', 'case_clocks')"
        ).splitlines()
        start = time.monotonic()
        self.sql("; ".join("drop index wardlink." + definition.split()[2] for definition in indexes))
        self.beside([["-v", f"total={size}", "-v", f"first={first}", "-v", f"last={last}", "-f", str(HERE / "load.sql")]
                     for first, last in ((1, size // 2), (size // 2 + 1, size))])
        self.beside([["-c", definition] for definition in sorted(indexes, key=lambda it: "gin" not in it)])
        rate = size / (time.monotonic() - start)
        self.psql(["-v", f"total={size}", "-v", f"wanted={TASKS}", "-f", str(HERE / "tasks.sql")])
        self.psql(["-v", f"organisations={size // 300}", "-f", str(HERE / "country.sql")])
        self.psql(["-v", f"events={size}", "-v", f"total={size}", "-f", str(HERE / "log.sql")])
        self.sql("vacuum analyze", self.url)
        self.sql("checkpoint", self.url)
        return rate

    def beside(self, jobs):
        """Two at a time."""
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(self.psql, jobs))

    # --- Wardlink

    def environment(self):
        return os.environ | {
            "DATABASE_URL": self.url, "WARDLINK_LISTEN": LISTEN, "WARDLINK_CONNECTIONS": str(CONNECTIONS),
            "WARDLINK_WORKERS": "2", "WARDLINK_DATA": str(self.folder / f"data-{self.options.size}"), "RUST_LOG": "warn",
            **{f"WARDLINK_LIMIT_{limit}": "off" for limit in ("PERSON", "ORGANISATION", "ADDRESS", "SEARCHES")},
        }

    def wardlink(self, *arguments):
        subprocess.run([self.options.wardlink, *arguments], env=self.environment(), check=True)

    def serve(self):
        self.server = subprocess.Popen([self.options.wardlink, "serve", "--demo"], env=self.environment())
        for _ in range(200):
            try:
                self.tokens = {domain: self.token_of(email) for domain, email in WHO.items()}
                return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
        sys.exit("wardlink does not answer")

    def token_of(self, email):
        return self.call("POST", "/v1/auth/login", {"email": email, "password": PASSWORD})[0]["access_token"]

    def wait_for_seals(self):
        """The log that was loaded is sealed before anything is measured."""
        missing = "select (select count(*) from wardlink.audit_events) - size from wardlink.sealing"
        while int(self.sql(missing)) > 1000:
            time.sleep(0.5)

    def stop(self):
        if self.server:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait()
            self.server = None

    def call(self, method, path, body=None, permission=None):
        headers = {"If-Match": "*", "X-Request-Id": "019b0000-0000-7000-8000-300000000001"}
        if permission:
            headers |= {"Authorization": f"Bearer {self.token_for(permission)}", "Access-Purpose": purpose(permission)}
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = None if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
        request = urllib.request.Request(self.address + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer), dict(answer.headers)
        except urllib.error.HTTPError as error:
            sys.exit(f"{method} {path}: {error.code} {error.read().decode()}")

    def token_for(self, permission):
        return self.tokens[permission.split(".")[0]]

    def memory(self, field):
        status = Path(f"/proc/{self.server.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) / 1024

    # --- The statements

    def prepare(self, size):
        """Loads, and writes a pgbench script for each operation from what the server was seen to do."""
        for setting in ("log_statement = 'all'", "log_error_verbosity = 'default'"):
            self.sql(f"alter database bench_{size} set {setting}", self.admin)
        self.serve()
        partnership = self.sql("select id from wardlink.partnerships where code = 'CAM'")
        ward = self.sql("select gss from wardlink.ward_versions where local_authority = 'E09000007' "
                        "and valid_to is null order by gss limit 1")
        self.bodies = {name: json.dumps(body).replace("%PARTNERSHIP%", partnership) if body is not None else ""
                       for name, _, _, body, _, _ in OPERATIONS}
        self.paths = {name: path.replace("%WARD%", ward) for name, _, path, _, _, _ in OPERATIONS}
        (self.folder / "scripts").mkdir(exist_ok=True)
        self.capture("POST", "POST", "case.create", "")
        self.psql(["-v", f"posted={self.posted}", "-f", str(HERE / "setup.sql")])
        self.stop()
        rate = self.load(size)
        print(f"{size} cases loaded at {rate:.0f}/s", file=sys.stderr, flush=True)
        self.serve()
        self.wait_for_seals()
        for name, method, _, _, permission, prologue in OPERATIONS:
            if name != "POST":
                self.capture(name, method, permission, prologue)
        self.stop()
        self.sql(f"alter database bench_{size} reset all", self.admin)
        return rate

    def capture(self, name, method, permission, prologue):
        case, task = "100000000060", "200000034999"
        size = self.options.size
        if name == "GET":
            case = "100000000073"
        if name == "task accept":
            case = str(100_000_000_019 + 20 * (1 + 34999 % (size // 20 - 2)))
        fill = {"{own}": case, "{seen}": case, "{due}": task, "{next}": "300000000001"}
        path, body = self.paths[name], self.bodies[name]
        for word, value in fill.items():
            path, body = path.replace(word, value), body.replace(word, value)
        offset = self.log.stat().st_size
        began = now()
        answer, _ = self.call(method, path, body or None, permission)
        time.sleep(0.1)
        with open(self.log) as log:
            log.seek(offset)
            statements = statements_of(log.read(), permission)
        varying = {"300000000001": "q"}
        if prologue:
            varying |= {case: "n", task: "t"}
        if name == "POST":
            self.posted = answer["id"]
            varying[answer["ref"]] = "q"
        script = Script(began, varying)
        numbers = "\\set k :k + 1\n\\set q :base + :client_id * 1000000 + :k\n"
        text = numbers + prologue + script.of(statements)
        (self.folder / "scripts" / f"{name}.sql").write_text(text)
        self.check(name, text, size)

    def check(self, name, text, size):
        """That the script still does, with other ids, what the request did: all its SELECTs find rows."""
        values = {"n": 100_000_000_120, "q": self.base + 999_000_000, "t": 200_000_099_000}
        if name == "GET":
            values["n"] = 100_000_000_079
        if name == "task accept":
            values["n"] = 100_000_000_019 + 20 * (1 + 99_000 % (size // 20 - 2))
        self.base += 1_000_000_000
        lines = [line for line in text.splitlines() if not line.startswith("\\")]
        sql = re.sub(r"(?<!:):([nqt])\b", lambda found: str(values[found[1]]), "\n".join(lines))
        done = subprocess.run(
            ["psql", self.url, "-XAt", "-v", "ON_ERROR_STOP=1"], input=sql, text=True, capture_output=True,
            env=os.environ | {"PGOPTIONS": ROLE},
        )
        if done.returncode or "INSERT 0 0" in done.stdout or "UPDATE 0" in done.stdout or "entered" not in done.stdout:
            sys.exit(f"{name}: the statements cannot be repeated: {done.stderr or done.stdout}\n{sql}")

    # --- Measuring

    def measure(self, operation, size):
        name, method, _, _, permission, _ = operation
        if name == "task accept":
            self.psql(["-v", f"total={size}", "-v", f"wanted={TASKS}", "-f", str(HERE / "tasks.sql")])
        server = self.wrk(method, self.paths[name], self.bodies[name], size, permission)
        reference = self.pgbench(name, size)
        return {"cases": size, "operation": name, **server, "pgbench": reference,
                "ratio": server["per_second"] / reference["per_second"]}

    def wrk(self, method, path, body, size, permission):
        self.base += 1_000_000_000
        environment = os.environ | {
            "BENCH_METHOD": method, "BENCH_PATH": path, "BENCH_BODY": body,
            "BENCH_TOKEN": self.token_for(permission), "BENCH_PURPOSE": purpose(permission),
            "BENCH_TOTAL": str(size), "BENCH_BASE": str(self.base),
        }
        command = ["wrk", "-t2", f"-c{CONNECTIONS}", f"-d{self.options.seconds}s", "--latency",
                   "-s", str(HERE / "wrk.lua"), self.address]
        cpu, database = self.cpu_of_server(), self.cpu_of_postgres()
        output = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
        found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", output)
        requests, micros, p50, p99, errors = map(int, found.groups())
        if errors:
            print(f"  {errors} of {requests} answers of {method} {path} were errors", file=sys.stderr)
        return {
            "per_second": requests / (micros / 1e6), "p50_ms": p50 / 1000, "p99_ms": p99 / 1000, "errors": errors,
            "server_cpu_ms": (self.cpu_of_server() - cpu) * 1000 / max(requests, 1),
            "database_cpu_ms": (self.cpu_of_postgres() - database) * 1000 / max(requests, 1),
        }

    def pgbench(self, name, size):
        self.base += 1_000_000_000
        prefix = self.folder / "latency"
        command = [self.options.pgbench, "-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "2",
                   "-T", str(self.options.seconds), "-D", "k=0", "-D", f"base={self.base}", "-D", f"total={size}",
                   "-l", f"--log-prefix={prefix}", "-f", str(self.folder / "scripts" / f"{name}.sql"), self.url]
        database = self.cpu_of_postgres()
        done = subprocess.run(command, env=os.environ | {"PGOPTIONS": ROLE}, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"pgbench {name}: {done.stderr[-2000:]}")
        database = self.cpu_of_postgres() - database
        times = []
        for file in glob.glob(f"{prefix}.*"):
            with open(file) as lines:
                times += [int(line.split()[2]) for line in lines]
            os.unlink(file)
        times.sort()
        rate = float(re.search(r"tps = ([\d.]+)", done.stdout)[1])
        return {"per_second": rate, "p50_ms": times[len(times) // 2] / 1000,
                "p99_ms": times[len(times) * 99 // 100] / 1000, "database_cpu_ms": database * 1000 / len(times)}

    def cpu_of_server(self):
        return cpu_seconds(self.server.pid, children=False)

    def cpu_of_postgres(self):
        return sum(cpu_seconds(pid, children=True) for pid in self.postgres_processes())

    def postgres_processes(self):
        """The postmaster and its children. Those that ended are counted by their parent."""
        postmaster = int((Path(self.log).parent.parent / "cluster" / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        return [postmaster, *map(int, children)]

    def run(self, size):
        self.options.size = size
        self.create(size)
        rate = self.prepare(size)
        self.serve()
        results = []
        for operation in OPERATIONS:
            results.append(self.measure(operation, size))
            print(row(results[-1]), file=sys.stderr, flush=True)
        memory = {"cases": size, "rss_mb": self.memory("VmRSS"), "peak_mb": self.memory("VmHWM")}
        proved = proof.measure(self, size)
        print(proof.told(size, proved), file=sys.stderr, flush=True)
        self.sql(f"drop database bench_{size}", self.admin) if not self.options.keep else None
        return {"load_per_second": rate, "memory": memory, "results": results, "proof": proved}


ROLE = "-c role=wardlink_app -c search_path=wardlink,pg_temp -c jit=off -c timezone=UTC"


def purpose(permission):
    return "audit" if permission.startswith("audit") else "case_work"


def cpu_seconds(pid, children):
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11 : 15 if children else 13])) / os.sysconf("SC_CLK_TCK")


def row(result, growth=None):
    reference = result["pgbench"]
    grown = f"{growth:7.2f}" if growth else "      -"
    return (f"{result['cases']:>9}  {result['operation']:<24}{result['per_second']:>7.0f}{result['p50_ms']:>8.1f}"
            f"{result['p99_ms']:>8.1f}{reference['per_second']:>9.0f}{reference['p50_ms']:>8.1f}"
            f"{reference['p99_ms']:>8.1f}{result['ratio']:>7.2f}{grown}")


def table(runs):
    lines = [f"{'cases':>9}  {'operation':<24}{'req/s':>7}{'p50 ms':>8}{'p99 ms':>8}{'pgb tps':>9}{'p50 ms':>8}"
             f"{'p99 ms':>8}{'ratio':>7}{'growth':>7}"]
    small = {result["operation"]: result for result in runs[0]["results"]}
    for run in runs:
        for result in run["results"]:
            growth = small[result["operation"]]["per_second"] / result["per_second"] if run is not runs[0] else None
            result["growth"] = growth
            lines.append(row(result, growth))
    for run in runs:
        memory = run["memory"]
        lines.append(f"{memory['cases']:>9} cases: loaded {run['load_per_second']:.0f}/s; "
                     f"server {memory['rss_mb']:.0f} MB, at most {memory['peak_mb']:.0f} MB")
        lines.append(proof.told(memory["cases"], run["proof"]))
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wardlink", default="target/release/wardlink")
    parser.add_argument("--pgbench", default=next(iter(sorted(glob.glob("/usr/lib/postgresql/*/bin/pgbench"))[::-1]), "pgbench"))
    parser.add_argument("--out", default="target/bench.json")
    parser.add_argument("--seconds", type=int, default=6, help="for each figure")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--keep", action="store_true", help="do not drop the databases")
    options = parser.parse_args()
    for program in ("wrk", "psql", options.pgbench):
        if not shutil.which(program):
            sys.exit(f"bench: {program} is missing (Debian: apt-get install wrk postgresql-client)")
    with tempfile.TemporaryDirectory(prefix="wardlink-bench-") as folder:
        bench = Bench(options, Path(folder))
        runs = []
        try:
            for size in options.sizes:
                runs.append(bench.run(size))
                print(table(runs), flush=True)
                write(options.out, runs)
        finally:
            bench.stop()


def write(out, runs):
    figures = {"processors": os.cpu_count(), "connections": CONNECTIONS, "runs": runs}
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    Path(out).write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
