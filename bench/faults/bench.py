"""What experiments stand on: a prepared cluster to copy, a place for each, and a list of what was measured."""

import contextlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

from checker import Witness, check, verify
from cluster import Cluster
from load import Load, Person
from proxy import Proxy
from service import OFF, Service


class Skipped(Exception):
    """Cannot be tried here, and why."""


class Report:
    """The rows of one experiment."""

    def __init__(self, name, title):
        self.name = name
        self.title = title
        self.rows = []

    def expect(self, what, target, measured, passed):
        self.rows.append({"what": what, "target": target, "measured": str(measured), "passed": bool(passed)})

    def expect_within(self, what, target, measured, passed):
        """A target of time or memory, which a busy machine may miss."""
        self.expect(what, target, measured, passed)
        self.rows[-1]["of_speed"] = True

    def note(self, what, measured):
        """A figure without a target."""
        self.rows.append({"what": what, "target": "-", "measured": str(measured), "passed": None})


class Stand:
    """A cluster, the service on it, and the client's own folder."""

    def __init__(self, bench, name, cluster, settings, proxied):
        self.bench = bench
        self.folder = bench.folder / name
        self.cluster = cluster
        self.proxy = Proxy(cluster.port) if proxied else None
        data = self.folder / "data"
        shutil.copytree(bench.template / "data", data)
        self.service = Service(bench.program, cluster, data, self.folder / "wardlink.log", settings,
                               self.proxy.port if proxied else None)
        self.loads = 0

    def another_service(self, name, settings=(), data=None):
        return Service(self.bench.program, self.cluster, data or self.service.data, self.folder / f"{name}.log",
                       settings)

    def load(self, port=None, **how):
        self.loads += 1
        load = Load(port or self.service.port, self.folder / f"ledger-{self.loads}.jsonl", **how)
        self.witness = Witness(self.folder / "witness", Person("dpo@camden.example", port or self.service.port))
        self.witness.look()
        return load

    def sign(self):
        """A checkpoint that covers all that is logged now. They are signed twice a minute, and at the start."""
        size, until = int(self.cluster.sql("select count(*) from wardlink.audit_events")), time.monotonic() + 60
        self.service.stop()
        self.service.start_and_wait()
        while time.monotonic() < until and max(self.witness.kept, default=0) < size:
            time.sleep(0.3)
            self.witness.look()
        return self.witness.newest()

    def judge(self, report, load, acknowledged=0):
        """The checks ① to ⑤ on what `load` did; the service is running."""
        self.witness.look()
        found = check(self.cluster, load.ledger)
        acks, unknown, refused = (load.ledger.count(outcome) for outcome in ("ok", "unknown", "fail"))
        report.expect("violations of ①–④", f"0 in ≥ {acknowledged} acknowledged",
                      f"{found} in {acks} ({unknown} unknown, {refused} refused)", not found and acks >= acknowledged)
        whole, said = verify(self.service, self.witness.kept.values())
        report.expect("⑤ audit verify", "whole", said, whole and self.witness.kept)
        panics = self.service.panics()
        report.expect("panics", 0, panics, panics == 0)


class Bench:
    def __init__(self, options, folder):
        self.options = options
        self.short = options.short
        self.program = str(Path(options.wardlink).resolve())
        self.folder = Path(folder)
        self.template = self.folder / "template"
        self.cluster = None

    def prepare(self):
        """A cluster with the schema and the demonstration's people and cases."""
        self.template.mkdir(mode=0o711)
        cluster = Cluster(self.template / "postgres").create()
        try:
            cluster.set_passwords("postgres")
            done = subprocess.run([self.program, "demo"], capture_output=True, text=True, env=OFF | {
                "PATH": "/usr/bin:/bin", "WARDLINK_DATA": str(self.template / "data"), "RUST_LOG": "warn",
                "WARDLINK_LISTEN": "127.0.0.1:0", "DATABASE_URL": cluster.url("postgres")})
            if done.returncode:
                sys.exit(f"faults: wardlink demo: {done.stderr[-2000:]}")
            cluster.set_passwords("wardlink_app", "wardlink_worker", "wardlink_auditor")
        finally:
            cluster.stop()
        self.cluster = cluster

    @contextlib.contextmanager
    def stand(self, name, settings=(), database=(), proxied=False, place=None, prepare=None):
        """A running service on a running cluster, all gone afterwards. The cluster is in `place`, if that is given,
        and made ready by `prepare`."""
        folder = self.folder / name
        folder.mkdir(mode=0o711)
        cluster = self.cluster.copy(place or folder / "postgres", database)
        stand = None
        try:
            if prepare:
                prepare(cluster)
            cluster.start()
            stand = Stand(self, name, cluster, settings, proxied)
            stand.service.start_and_wait()
            yield stand
        finally:
            if stand:
                stand.service.stop(40)
                if stand.proxy:
                    stand.proxy.close()
            cluster.stop()
            if not self.options.keep:
                shutil.rmtree(folder, ignore_errors=True)
