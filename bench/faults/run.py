#!/usr/bin/env python3
"""Breaks Wardlink on purpose, and looks whether anything was lost. See README.md."""

import argparse
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent))

from bench import Bench, Report, Skipped
from cluster import programs

EXPERIMENTS = ("self-test", "e01", "e02", "e03", "e04", "e05", "e06", "e07", "e08", "e09", "e11", "e14")
PRIVATE = "WARDLINK_FAULTS_PRIVATE_MOUNTS"


def main():
    options = parse()
    if missing := [name for name in ("psql", "setpriv", "cp") if not shutil.which(name)]:
        sys.exit(f"faults: missing: {', '.join(missing)} (Debian: apt-get install postgresql util-linux coreutils)")
    if not programs():
        sys.exit("faults: there is no PostgreSQL server on this machine (Debian: apt-get install postgresql)")
    keep_mounts_private()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    folder = tempfile.mkdtemp(prefix="wardlink-faults-")
    # PostgreSQL's account passes through on its way to its own folders.
    os.chmod(folder, 0o711)
    try:
        passed = experiments(Bench(options, folder), options)
    finally:
        if options.keep:
            print(f"kept: {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if passed else 1)


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wardlink", default="target/release/wardlink")
    parser.add_argument("--out", default="target/faults.json")
    parser.add_argument("--short", action="store_true", help="smaller counts, for every day: five minutes")
    parser.add_argument("--only", nargs="+", choices=EXPERIMENTS, default=EXPERIMENTS, metavar="NAME",
                        help=f"some of {' '.join(EXPERIMENTS)}")
    parser.add_argument("--self-test", action="store_true", help="only: does the checker find what is planted?")
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="length of the soak [10; 0.25 if short]")
    parser.add_argument("--keep", action="store_true", help="keep ledgers, logs and clusters")
    parser.add_argument("--any-speed", action="store_true",
                        help="do not fail for targets of time and memory: for machines that are slow or busy")
    options = parser.parse_args()
    if options.self_test:
        options.only = ("self-test",)
    if options.soak is None:
        options.soak = 0.25 if options.short else 10
    return options


def keep_mounts_private():
    """As root we mount file systems to fill. In a mount namespace of our own they are gone with us, however we end."""
    if os.geteuid() != 0 or os.environ.get(PRIVATE) or not shutil.which("unshare"):
        return
    command = ["unshare", "--mount", "--propagation", "private"]
    if subprocess.run([*command, "true"], capture_output=True).returncode == 0:
        os.environ[PRIVATE] = "yes"
        os.execvp("unshare", [*command, sys.executable, *sys.argv])


def experiments(bench, options):
    say("preparing")
    bench.prepare()
    reports = []
    for name in options.only:
        reports.append(carry_out(bench, name))
        write(options, reports)
    print(table(reports), flush=True)
    rows = [row for report in reports for row in report.rows]
    judged = [row for row in rows if not (options.any_speed and row.get("of_speed"))]
    return all(row["passed"] is not False for row in judged)


def carry_out(bench, name):
    module = importlib.import_module(f"experiments.{name.replace('-', '_')}")
    report = Report(name, module.TITLE)
    say(f"{name}: {module.TITLE}")
    began = time.monotonic()
    try:
        module.run(bench, report)
    except Skipped as reason:
        report.note("skipped", reason)
    except Exception as error:
        # An experiment that breaks is an experiment that failed; the others still run.
        traceback.print_exc()
        report.expect("carried out", "to its end", f"{type(error).__name__}: {str(error)[:200]}", False)
    report.seconds = time.monotonic() - began
    for row in report.rows:
        if row["passed"] is False:
            say("  " + line(name, row))
    return report


def say(text):
    print(text, file=sys.stderr, flush=True)


WIDTHS = (9, 44, 30)


def line(name, row):
    verdict = {True: "pass", False: "FAIL", None: ""}[row["passed"]]
    cells = (name, row["what"], str(row["target"]))
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS)) + f"  {verdict:<4}  {row['measured']}"


def table(reports):
    lines = [line("", {"what": "what", "target": "target", "measured": "measured", "passed": None}), ""]
    for report in reports:
        lines.append(f"{report.name:<9}  {report.title} ({report.seconds:.0f} s)")
        lines += [line("", row) for row in report.rows]
    rows = [row for report in reports for row in report.rows]
    missed = sum(row["passed"] is False for row in rows)
    skipped = sum(row["what"] == "skipped" for row in rows)
    met = sum(row["passed"] is True for row in rows)
    lines += ["", f"{met} targets met, {missed} missed, {skipped} experiments skipped"]
    return "\n".join(lines)


def write(options, reports):
    figures = {"processors": os.cpu_count(), "short": options.short, "experiments": [
        {"name": report.name, "title": report.title, "seconds": round(report.seconds, 1), "rows": report.rows}
        for report in reports]}
    Path(options.out).parent.mkdir(parents=True, exist_ok=True)
    Path(options.out).write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
