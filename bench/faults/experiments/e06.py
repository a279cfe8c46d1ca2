"""E6: the disk of the data is full, then that of the write-ahead log."""

import errno
import os
import shutil
import subprocess
import time
from contextlib import contextmanager

from bench import Skipped
from client import Lost, ask
from experiments.answers import expect_only_503, first_success_after

TITLE = "disk full"
DATA_MB, LOG_MB = 320, 160


def run(bench, report):
    if os.geteuid() != 0:
        raise Skipped("needs root, to mount file systems to fill")
    place = bench.folder / "e06-disks"
    with mounted(place / "data", DATA_MB), mounted(place / "wal", LOG_MB):
        with bench.stand("e06", place=place / "data" / "postgres", prepare=move_log(place / "wal")) as stand:
            data_full(bench, stand, report, place / "data" / "ballast")
            log_full(bench, stand, report, place / "wal" / "ballast")


@contextmanager
def mounted(folder, megabytes):
    folder.mkdir(parents=True, mode=0o711)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0711", "faults", folder],
                          capture_output=True, text=True)
    if made.returncode:
        raise Skipped(f"cannot mount a file system: {made.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def move_log(folder):
    """The write-ahead log on a disk of its own."""
    def move(cluster):
        log = cluster.data / "pg_wal"
        subprocess.run(["cp", "-a", log, folder], check=True)
        shutil.rmtree(log)
        log.symlink_to(folder / "pg_wal")
    return move


def fill(ballast, leave):
    """Takes all but `leave` bytes of the disk, a piece at a time: others take of it too."""
    size = 0
    with open(ballast, "wb") as file:
        while (more := min(free_on(ballast.parent) - leave, 1024 * 1024)) > 0:
            try:
                os.posix_fallocate(file.fileno(), size, more)
                size += more
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


def free_on(folder):
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def data_full(bench, stand, report, ballast):
    load = stand.load(writers=12, readers=4, patience=60)
    load.start()
    time.sleep(2)
    fill(ballast, 256 * 1024)
    until = time.monotonic() + 30
    while time.monotonic() < until and not any(sample.result == 503 for sample in list(load.samples)):
        time.sleep(0.1)
    full = time.monotonic()
    time.sleep(4 if bench.short else 15)
    health, ready = (status(stand.service.port, path) for path in ("/healthz", "/readyz"))
    emptied = time.monotonic()
    ballast.unlink()
    time.sleep(3)
    load.stop()
    during = [sample for sample in load.samples if full < sample.at - sample.seconds < emptied]
    refused = sum(sample.result == 503 for sample in during if sample.what != "read")
    report.expect("data: writes are refused", "some 503", f"{refused}", refused > 0)
    reads = [sample.result for sample in during if sample.what == "read"]
    report.expect("data: reads", "200, or 503 where they cannot be logged", summary(reads), set(reads) <= {200, 503})
    report.expect("data: /healthz", 200, health, health == 200)
    report.note("data: /readyz", ready)
    report.expect("data: PostgreSQL", "lives", "it does" if stand.cluster.is_running() else "it ended",
                  "PANIC" not in stand.cluster.log.read_text())
    back = first_success_after(load, emptied)
    report.expect_within("data: first 2xx after there is room", "≤ 2 s", f"{back:.2f} s", back <= 2)
    expect_only_503(report, load)
    stand.judge(report, load, 50)


def log_full(bench, stand, report, ballast):
    load = stand.load(writers=12, readers=4, patience=90)
    load.start()
    time.sleep(1)
    fill(ballast, 1024 * 1024)
    panicked = await_panic(stand.cluster, 60)
    report.note("log: PostgreSQL panics", "yes" if panicked else "no: it found room in 60 s")
    time.sleep(4 if bench.short else 10)
    health, ready = (status(stand.service.port, path) for path in ("/healthz", "/readyz"))
    ballast.unlink()
    stand.cluster.revive()
    accepts = time.monotonic()
    time.sleep(4)
    load.stop()
    report.expect("log: /healthz and /readyz", "200 and 503", f"{health} and {ready}",
                  (health, ready) == (200, 503) or not panicked)
    back = first_success_after(load, accepts)
    report.expect_within("log: first 2xx after PostgreSQL accepts", "≤ 2 s", f"{back:.2f} s", back <= 2)
    expect_only_503(report, load)
    stand.judge(report, load, 50)


def await_panic(cluster, wait):
    until = time.monotonic() + wait
    while time.monotonic() < until:
        if "PANIC" in cluster.log.read_text(errors="replace"):
            return True
        time.sleep(0.2)
    return False


def status(port, path):
    try:
        return ask(port, "GET", path, timeout=10).status
    except Lost as lost:
        return lost.kind


def summary(results):
    return ", ".join(f"{results.count(kind)} × {kind}" for kind in sorted(set(results), key=str)) or "none"
