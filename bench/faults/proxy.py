"""A TCP proxy in front of PostgreSQL, in this process, which can fail in the ways a network does."""

import random
import socket
import struct
import threading
import time

CHUNK = 65536


class Proxy:
    """`mode` is `pass`, `cut` (connections end, new ones are refused), `hole` (nothing comes through and nobody is
    told) or `slow` (`delay` seconds each way); beside it, `resets` is the share of chunks that reset a connection."""

    def __init__(self, target):
        self.target = target
        self.mode = "pass"
        self.delay = 0.0
        self.resets = 0.0
        self.pairs = set()
        self.healed = threading.Event()
        self.healed.set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def set(self, mode="pass", delay=0.0, resets=0.0):
        self.mode, self.delay, self.resets = mode, delay, resets
        if mode == "hole":
            self.healed.clear()
        else:
            self.healed.set()
        if mode == "cut":
            for pair in list(self.pairs):
                self.end(pair)

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.join, args=(client,), daemon=True).start()

    def join(self, client):
        if self.mode == "cut":
            reset(client)
            return
        self.healed.wait()
        try:
            server = socket.create_connection(("127.0.0.1", self.target), 10)
        except OSError:
            reset(client)
            return
        server.settimeout(None)
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = (client, server)
        self.pairs.add(pair)
        for source, sink in (pair, pair[::-1]):
            threading.Thread(target=self.pump, args=(pair, source, sink), daemon=True).start()

    def pump(self, pair, source, sink):
        try:
            while chunk := source.recv(CHUNK):
                self.healed.wait()
                if self.delay:
                    time.sleep(self.delay / 2)
                if random.random() < self.resets:
                    break
                sink.sendall(chunk)
        except OSError:
            pass
        self.healed.wait()
        self.end(pair)

    def end(self, pair):
        self.pairs.discard(pair)
        for one in pair:
            reset(one)

    def close(self):
        self.set("cut")
        self.listener.close()


def reset(one):
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.shutdown(socket.SHUT_RD)  # wakes whoever reads from it, and sends nothing
    except OSError:
        pass
    one.close()
