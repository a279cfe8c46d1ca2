"""HTTP over a socket of one's own, which can be slow, silent, or reset."""

import json
import random
import socket
import struct
import time
from typing import NamedTuple

TIMEOUT = 20


class Answer(NamedTuple):
    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)


class Lost(Exception):
    """No answer: `refused` (never reached), `reset`, `closed`, `timeout`."""

    def __init__(self, kind):
        super().__init__(kind)
        self.kind = kind


class Connection:
    """Kept alive from request to request, and opened anew after whatever happened to it."""

    def __init__(self, port, timeout=TIMEOUT):
        self.port = port
        self.timeout = timeout
        self.socket = None
        self.rest = b""

    def open(self):
        if self.socket is None:
            self.rest = b""
            self.socket = socket.create_connection(("127.0.0.1", self.port), self.timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def reset(self):
        """Closes with RST instead of FIN: whoever works for us is told at once."""
        if self.socket is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close()

    def request(self, method, path, headers=(), body=None):
        try:
            self.send(method, path, headers, body)
            return self.read()
        except ConnectionRefusedError:
            self.close()
            raise Lost("refused") from None
        except TimeoutError:
            self.reset()
            raise Lost("timeout") from None
        except Lost:
            self.close()
            raise
        except (OSError, ValueError):
            self.close()
            raise Lost("reset") from None

    def request_and_reset(self, method, path, headers, body, within):
        """Sends, and after up to `within` seconds resets, unless the answer was there first."""
        try:
            self.send(method, path, headers, body)
            self.socket.settimeout(max(random.random() * within, 0.0005))
            answer = self.read()
            self.socket.settimeout(self.timeout)
            return answer
        except ConnectionRefusedError:
            self.close()
            raise Lost("refused") from None
        except (OSError, ValueError, Lost):
            self.reset()
            raise Lost("reset") from None

    def send(self, method, path, headers, body):
        self.open()
        self.socket.sendall(message(method, path, headers, body))

    def read(self):
        while b"\r\n\r\n" not in self.rest:
            self.more()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        body = self.chunks() if headers.get("transfer-encoding") == "chunked" else self.exactly(
            int(headers.get("content-length", 0)))
        if headers.get("connection") == "close":
            self.close()
        return Answer(int(lines[0].split()[1]), headers, body)

    def chunks(self):
        body = b""
        while True:
            while b"\r\n" not in self.rest:
                self.more()
            size, self.rest = self.rest.split(b"\r\n", 1)
            body += self.exactly(int(size, 16))
            self.exactly(2)
            if int(size, 16) == 0:
                return body

    def exactly(self, count):
        while len(self.rest) < count:
            self.more()
        body, self.rest = self.rest[:count], self.rest[count:]
        return body

    def more(self):
        received = self.socket.recv(65536)
        if not received:
            raise Lost("closed")
        self.rest += received


def message(method, path, headers=(), body=None):
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: wardlink.test", *(f"{name}: {value}" for name, value in headers)]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode() + content


def ask(port, method, path, headers=(), body=None, timeout=TIMEOUT):
    """One request on a connection of its own."""
    connection = Connection(port, timeout)
    try:
        return connection.request(method, path, [*headers, ("Connection", "close")], body)
    finally:
        connection.close()


def is_ready(port, timeout=2):
    try:
        return ask(port, "GET", "/readyz", timeout=timeout).status == 200
    except Lost:
        return False


def await_ready(port, wait=60):
    """Answers when it was, by the monotonic clock; none if it was not in time."""
    until = time.monotonic() + wait
    while time.monotonic() < until:
        if is_ready(port):
            return time.monotonic()
        time.sleep(0.02)
    return None
