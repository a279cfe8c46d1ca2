"""`wardlink serve`, started, killed, stopped and looked at."""

import os
import signal
import subprocess
import time
from pathlib import Path

from client import await_ready
from cluster import free_port

LIMITS = ("PERSON", "ORGANISATION", "ADDRESS", "SIGN_IN", "SUBJECTS", "SEARCHES", "SHARES", "EXPORTS", "UPLOADS")
OFF = {f"WARDLINK_LIMIT_{limit}": "off" for limit in LIMITS}


class Service:
    def __init__(self, program, cluster, data, log, settings=(), database_port=None):
        self.program = program
        self.data = Path(data)
        self.log = Path(log)
        self.port = free_port()
        self.process = None
        self.environment = OFF | {
            "PATH": os.environ["PATH"], "RUST_LOG": "warn", "WARDLINK_DATA": str(data),
            "WARDLINK_LISTEN": f"127.0.0.1:{self.port}", "WARDLINK_CONNECTIONS": "16", "WARDLINK_WORKERS": "2",
            "DATABASE_URL": cluster.url("wardlink_app", database_port),
            "WARDLINK_WORKER_URL": cluster.url("wardlink_worker", database_port),
            "WARDLINK_AUDITOR_URL": cluster.url("wardlink_auditor"),
        } | dict(settings)

    def start(self):
        """Answers when it was executed, by the monotonic clock."""
        with open(self.log, "ab") as log:
            # At our own death it is stopped, whatever happens to us.
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", self.program, "serve", "--demo"], env=self.environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0,
            )
        return time.monotonic()

    def start_and_wait(self, wait=60):
        """Seconds from its execution until it was ready."""
        began = self.start()
        ready = await_ready(self.port, wait)
        if ready is None:
            raise RuntimeError(f"wardlink is not ready after {wait} s: {self.tail()}")
        return ready - began

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, wait=60):
        """Exit code and seconds; killed if it takes too long."""
        if not self.is_running():
            return None, 0.0
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(wait)
        except subprocess.TimeoutExpired:
            self.kill()
            code = "killed"
        return code, time.monotonic() - began

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def command(self, *arguments, **environment):
        return subprocess.run([self.program, *map(str, arguments)], env=self.environment | environment,
                              capture_output=True, text=True)

    # --- What it uses

    def memory(self):
        """Resident, in MB."""
        return self.status("VmRSS") / 1024

    def threads(self):
        return self.status("Threads")

    def files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def status(self, field):
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(field + ":"))

    def connections(self):
        """Of clients, open on its side."""
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        listening = "0A"
        return sum(int(row[1].split(":")[1], 16) == self.port and row[3] != listening and row[9] != "0" for row in rows)

    def panics(self):
        return sum('"panicked"' in line for line in open(self.log, errors="replace"))

    def tail(self):
        return self.log.read_text(errors="replace")[-1500:]
