"""A round robin in front of several services, which believes their readiness and tries nothing twice."""

import socket
import threading
import time

from client import is_ready

READINESS_EVERY = 0.25


class Balancer:
    """One request a connection. A refused connection and a torn answer are the client's 502, and are counted."""

    def __init__(self, ports):
        self.ports = ports
        self.ready = dict.fromkeys(ports, False)
        self.turn = 0
        self.refused = 0
        self.torn = 0
        self.nobody = 0
        self.over = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        for port in ports:
            threading.Thread(target=self.watch, args=(port,), daemon=True).start()
        threading.Thread(target=self.accept, daemon=True).start()

    def watch(self, port):
        while not self.over.is_set():
            self.ready[port] = is_ready(port, timeout=1)
            time.sleep(READINESS_EVERY)

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client:
            client.settimeout(60)
            try:
                request = read_request(client)
                if request:
                    client.sendall(self.relay(request))
            except OSError:
                pass

    def relay(self, request):
        ready = [port for port in self.ports if self.ready[port]]
        if not ready:
            self.nobody += 1
            return bad_gateway("nobody is ready")
        self.turn += 1
        port = ready[self.turn % len(ready)]
        try:
            server = socket.create_connection(("127.0.0.1", port), 5)
        except OSError:
            self.refused += 1
            return bad_gateway("refused")
        with server:
            server.settimeout(60)
            try:
                server.sendall(request)
                answer = read_to_end(server)
            except OSError:
                answer = b""
        if is_whole(answer):
            return answer
        self.torn += 1
        return bad_gateway("torn")

    def close(self):
        self.over.set()
        self.listener.close()


def read_request(client):
    """The whole request, with the connection to be closed after it."""
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = client.recv(65536)
        if not chunk:
            return None
        received += chunk
    head, body = received.split(b"\r\n\r\n", 1)
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    length = next((int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        chunk = client.recv(65536)
        if not chunk:
            return None
        body += chunk
    return b"\r\n".join([*lines, b"Connection: close", b"", body])


def read_to_end(server):
    received = b""
    while chunk := server.recv(65536):
        received += chunk
    return received


def is_whole(answer):
    head, found, body = answer.partition(b"\r\n\r\n")
    lengths = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return bool(found) and (not lengths or len(body) == lengths[0])


def bad_gateway(why):
    return f"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: {len(why)}\r\n\r\n{why}".encode()
