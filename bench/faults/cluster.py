"""A PostgreSQL cluster of one's own, as safe as in production, to be broken."""

import glob
import os
import pwd
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

DATABASE = "wardlink"
PASSWORD = secrets.token_hex(16)
SETTINGS = (
    "fsync=on", "synchronous_commit=on", "full_page_writes=on", "max_connections=200", "shared_buffers=128MB",
    "listen_addresses=127.0.0.1", "timezone=UTC", "jit=off", "logging_collector=off", "log_statement=none",
    "log_parameter_max_length_on_error=0", "min_wal_size=32MB", "max_wal_size=256MB",
)


class ClusterError(Exception):
    """PostgreSQL did not do what was asked of it."""


def programs():
    """Where initdb and postgres are; the newest."""
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[-2]))
    found = shutil.which("initdb")
    return Path(folders[-1]) if folders else found and Path(found).parent


def account():
    """PostgreSQL refuses to run as root; then it runs as `postgres`."""
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else None


def give(path):
    if owner := account():
        os.chown(path, owner.pw_uid, owner.pw_gid)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Cluster:
    def __init__(self, folder, settings=()):
        self.folder = Path(folder)
        self.data = self.folder / "cluster"
        self.run = self.folder / "run"
        self.log = self.folder / "postgres.log"
        self.settings = settings
        self.port = free_port()
        self.process = None

    # --- Making one

    def create(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)
        for part in (self.data, self.run):
            part.mkdir(mode=0o700)
            give(part)
        self.command("initdb", "--pgdata", self.data, "--username=postgres", "--locale=C.UTF-8", "--encoding=UTF8",
                     "--data-checksums", "--no-instructions", "--auth-local=trust", "--auth-host=scram-sha-256")
        self.start()
        self.sql(f"create database {DATABASE}", "postgres")
        return self

    def copy(self, folder, settings=()):
        """Another cluster with the same content. This one must be stopped."""
        other = Cluster(folder, settings)
        other.folder.mkdir(parents=True, exist_ok=True)
        other.folder.chmod(0o711)
        subprocess.run(["cp", "-a", self.data, self.run, other.folder], check=True)
        return other

    def command(self, program, *arguments):
        done = subprocess.run(self.under_account(programs() / program, *arguments), capture_output=True, text=True,
                              cwd=self.folder, env=environment())
        if done.returncode:
            raise ClusterError(f"{program}: {done.stderr.strip()}")
        return done.stdout

    def under_account(self, program, *arguments):
        # The signal at our own death, so that no server is left behind whatever happens to us.
        command = ["setpriv", "--pdeathsig", "INT"]
        if owner := account():
            command += [f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
        return [*map(str, [*command, "--", program, *arguments])]

    # --- Running it

    def start(self, wait=60):
        settings = [part for setting in (*SETTINGS, *self.settings, f"port={self.port}",
                                         f"unix_socket_directories={self.run}") for part in ("-c", setting)]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.under_account(programs() / "postgres", "-D", self.data, *settings),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, env=environment(), process_group=0,
            )
        return self.await_accepting(wait)

    def await_accepting(self, wait=60):
        """Answers when it did, by the monotonic clock."""
        until = time.monotonic() + wait
        while time.monotonic() < until:
            if self.accepts():
                return time.monotonic()
            if self.process.poll() is not None:
                raise ClusterError(f"postgres ended: {self.tail()}")
            time.sleep(0.01)
        raise ClusterError(f"postgres does not accept connections after {wait} s: {self.tail()}")

    def stop(self, how=signal.SIGINT):
        """SIGINT is the fast way, SIGQUIT the immediate one, which leaves recovery to do."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(30)
        self.process = None

    def revive(self, wait=60):
        """Waits until it has recovered, and starts it again if it ended for good, as a supervisor would."""
        try:
            return self.await_accepting(wait)
        except ClusterError:
            self.stop()
            return self.start(wait)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def accepts(self):
        """Whether a login would be asked for its password, rather than told that the server is not ready."""
        body = struct.pack("!I", 196608) + b"user\0wardlink_app\0database\0" + DATABASE.encode() + b"\0\0"
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as one:
                one.sendall(struct.pack("!I", len(body) + 4) + body)
                return one.recv(1) == b"R"
        except OSError:
            return False

    def kill_backend(self):
        """kill -9 of one session of the service. PostgreSQL then ends all others and recovers; answers when it has."""
        pid = self.sql("select pid from pg_stat_activity where usename = 'wardlink_app' order by random() limit 1")
        if not pid:
            raise ClusterError("the service has no session to kill")
        ready = self.times_ready()
        os.kill(int(pid), signal.SIGKILL)
        until = time.monotonic() + 60
        # It goes on accepting until it has noticed.
        while self.times_ready() == ready and time.monotonic() < until:
            time.sleep(0.01)
        return self.await_accepting()

    def times_ready(self):
        return self.log.read_text(errors="replace").count("ready to accept connections")

    # --- Asking it

    def url(self, user, port=None):
        return f"postgres://{user}:{PASSWORD}@127.0.0.1:{port or self.port}/{DATABASE}"

    def set_passwords(self, *roles):
        for role in roles:
            self.sql(f"alter role {role} password '{PASSWORD}'")

    def sql(self, text, database=DATABASE):
        return self.psql(["-c", text], database=database)

    def psql(self, arguments, text=None, database=DATABASE):
        command = ["psql", "-h", self.run, "-p", str(self.port), "-U", "postgres", "-d", database,
                   "-XAtq", "-v", "ON_ERROR_STOP=1", *arguments]
        done = subprocess.run([*map(str, command)], input=text, capture_output=True, text=True)
        if done.returncode:
            raise ClusterError(f"psql: {done.stderr.strip()}")
        return done.stdout.strip()

    def tail(self):
        return self.log.read_text(errors="replace")[-1500:] if self.log.exists() else ""


def environment():
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
