#!/usr/bin/env python3
"""Compares how long refused sign-ins take: does that tell who has an account? See README.md."""

import argparse
import http.client
import itertools
import json
import math
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from run import LISTEN, PASSWORD

DATABASE = "bench_sign_in"
KNOWN, DISABLED, UNKNOWN = "csm@camden.example", "street@camden.example", "nobody@camden.example"
WRONG = PASSWORD[::-1]
MADE_UP = "wlp_" + 43 * "A"
# Rounds ahead, in which connections, plans and caches are made.
WARMING_UP = 10
# A difference that somebody could use, and how sure it has to be (OWASP ASVS 5.0, 6.3.8).
LARGEST, SUREST = 0.05, 0.01

# Who signs in with what, in groups; all of a group are compared with its first.
GROUPS = [
    {
        "wrong password": (KNOWN, WRONG, None),
        "unknown address": (UNKNOWN, WRONG, None),
        "disabled account, wrong password": (DISABLED, WRONG, None),
        "disabled account, its password": (DISABLED, PASSWORD, None),
    },
    {
        "made-up token": (KNOWN, PASSWORD, MADE_UP),
        "made-up token, unknown address": (UNKNOWN, PASSWORD, MADE_UP),
        "made-up token, disabled account": (DISABLED, PASSWORD, MADE_UP),
    },
]


class Bench:
    def __init__(self, wardlink, folder):
        self.wardlink = wardlink
        self.admin = os.environ["DATABASE_URL"]
        self.url = self.admin.rsplit("/", 1)[0] + "/" + DATABASE
        # Each attempt comes from an address of its own, so that none has to wait.
        self.environment = os.environ | {
            "DATABASE_URL": self.url, "WARDLINK_LISTEN": LISTEN, "WARDLINK_DATA": folder, "RUST_LOG": "warn",
            "WARDLINK_TRUSTED_PROXIES": "127.0.0.1/32", "WARDLINK_LIMIT_SIGN_IN": "off", "WARDLINK_LIMIT_ADDRESS": "off",
        }
        self.addresses = (f"198.18.{number >> 8 & 255}.{number & 255}" for number in itertools.count())
        self.server = None

    def psql(self, text, url):
        subprocess.run(["psql", url, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", text], check=True)

    def start(self):
        self.psql(f"create database {DATABASE}", self.admin)
        subprocess.run([self.wardlink, "demo"], env=self.environment, check=True)
        self.psql(f"update wardlink.users set disabled_at = now() where email = '{DISABLED}'", self.url)
        self.server = subprocess.Popen([self.wardlink, "serve", "--demo"], env=self.environment)
        for _ in range(200):
            self.connection = http.client.HTTPConnection(LISTEN, timeout=30)
            try:
                self.connection.connect()
                return
            except OSError:
                time.sleep(0.05)
        sys.exit("wardlink does not answer")

    def stop(self):
        if self.server:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait()
        self.psql(f"drop database if exists {DATABASE}", self.admin)

    def seconds(self, email, password, token):
        body = {"email": email, "password": password} | ({"reset_token": token} if token else {})
        headers = {"Content-Type": "application/json", "X-Forwarded-For": next(self.addresses)}
        text = json.dumps(body)
        began = time.perf_counter()
        self.connection.request("POST", "/v1/auth/login", text, headers)
        answer = self.connection.getresponse()
        answer.read()
        took = time.perf_counter() - began
        if answer.status != 401:
            sys.exit(f"{email} was answered {answer.status}, not 401")
        return took

    def run(self, rounds):
        """One of each kind in every round, in another order each time."""
        kinds = [(name, sent) for group in GROUPS for name, sent in group.items()]
        times = {name: [] for name, _ in kinds}
        for number in range(WARMING_UP + rounds):
            self.psql("delete from wardlink.sign_in_failures", self.url)
            random.shuffle(kinds)
            for name, sent in kinds:
                took = self.seconds(*sent)
                if number >= WARMING_UP:
                    times[name].append(took)
        return times


def chance(one, other):
    """How likely two samples differ as much by chance: Mann and Whitney's test, two-sided, by its normal approximation."""
    values = sorted(one + other)
    first = {}
    for place, value in enumerate(values):
        first.setdefault(value, place)
    last = {value: place for place, value in enumerate(values)}
    ranks = sum((first[value] + last[value]) / 2 + 1 for value in one)
    pairs, total = len(one) * len(other), len(values)
    ties = sum((last[value] - first[value] + 1) ** 3 - (last[value] - first[value] + 1) for value in first)
    deviation = math.sqrt(pairs / 12 * (total + 1 - ties / (total * (total - 1))))
    away = abs(ranks - len(one) * (len(one) + 1) / 2 - pairs / 2)
    return math.erfc(max(away - 0.5, 0) / deviation / math.sqrt(2))


def compare(times):
    """A line for each kind, and whether any could be told from the first of its group."""
    telling = False
    print(f"{'refused sign-in':<36}{'median ms':>10}{'ratio':>8}{'by chance':>11}")
    for group in GROUPS:
        reference = times[next(iter(group))]
        for name in group:
            ratio = statistics.median(times[name]) / statistics.median(reference)
            likely = 1.0 if times[name] is reference else chance(times[name], reference)
            told = abs(ratio - 1) >= LARGEST and likely < SUREST
            telling |= told
            print(f"{name:<36}{statistics.median(times[name]) * 1000:>10.2f}{ratio:>8.3f}{likely:>11.3f}"
                  f"{'  tells' if told else ''}")
    return telling


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wardlink", default="target/release/wardlink")
    parser.add_argument("--rounds", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wardlink-bench-") as folder:
        bench = Bench(options.wardlink, folder)
        try:
            bench.start()
            times = bench.run(options.rounds)
        finally:
            bench.stop()
    if compare(times):
        sys.exit("the time of a refusal tells who has an account")


if __name__ == "__main__":
    main()
