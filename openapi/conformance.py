#!/usr/bin/env python3
"""Holds a running Wardlink against its description with Schemathesis. See README.md."""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIMITS = ("PERSON", "ORGANISATION", "ADDRESS", "SIGN_IN", "SUBJECTS", "SEARCHES", "SHARES", "EXPORTS", "UPLOADS")
PASSWORD = "Demo-only-passphrase-1"
# In the order in which they are tried: who is refused an operation leaves it to the next.
PEOPLE = [
    "csm@camden.example",
    "asb@islington.example",
    "insp.north@met.example",
    "manager@primrose.example",
    "admin@camden.example",
    "dpo@camden.example",
    "operator@wardlink.example",
]
# Whoever signs out or changes a password does it to a session that nobody else needs.
LEAVER = "housing@primrose.example"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_ready(base, server):
    while server.poll() is None:
        try:
            with urllib.request.urlopen(f"{base}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    sys.exit(f"wardlink ended with {server.returncode} before it was ready")


def sign_in(base, email):
    body = json.dumps({"email": email, "password": PASSWORD}).encode()
    request = urllib.request.Request(f"{base}/v1/auth/login", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["access_token"]


def credentials():
    """The people as a Web Fuzzing Commons document: Schemathesis signs them in, again where a session ended."""
    return {
        "auth": [
            {
                "name": email,
                "loginEndpointAuth": {
                    "endpoint": "/v1/auth/login",
                    "verb": "POST",
                    "contentType": "application/json",
                    "payloadRaw": json.dumps({"email": email, "password": PASSWORD}),
                    "token": {
                        "extractFrom": "body",
                        "extractSelector": "/access_token",
                        "sendIn": "header",
                        "sendName": "Authorization",
                        "sendTemplate": "Bearer {token}",
                    },
                },
            }
            for email in PEOPLE
        ]
    }


def ask(base, token, path):
    request = urllib.request.Request(base + path, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["items"]


def records(base):
    """Ids of what there is, by collection, so that not every request is about nothing."""
    manager, administrator = sign_in(base, PEOPLE[0]), sign_in(base, "admin@camden.example")
    found = {name: ids_of(ask(base, manager, f"/v1/{name}?limit=5"))
             for name in ("agreements", "cases", "organisations", "partnerships", "tasks")}
    # Not those who sign in: one of the requests disables whom it is about.
    colleagues = ask(base, administrator, "/v1/users?limit=50")
    found["users"] = ids_of(it for it in colleagues if it["email"] not in PEOPLE)[:5]
    found["checkpoints"] = [it["tree_size"] for it in ask(base, manager, "/v1/audit/checkpoints?limit=5")]
    for name in ("attachments", "shares"):
        found[name] = [id for case in ids_of(ask(base, manager, "/v1/cases?limit=50"))
                       for id in ids_of(ask(base, manager, f"/v1/cases/{case}/{name}"))][:5]
    return found


def ids_of(items):
    return [item["id"] for item in items]


def configuration(base):
    """schemathesis.toml with the ids that it refers to."""
    tables = [f"\n[dictionaries.{name}]\nvalues = {json.dumps(ids)}\n" for name, ids in records(base).items()]
    return (HERE / "schemathesis.toml").read_text() + "".join(tables)


def check(options, base, folder):
    people, config = folder / "people.json", folder / "schemathesis.toml"
    people.write_text(json.dumps(credentials()))
    for email in PEOPLE:
        # Once somebody has signed in from here, others' failures do not slow them down.
        sign_in(base, email)
    config.write_text(configuration(base))
    environment = os.environ | {
        "WARDLINK_CHECKS": str(HERE / "conformance_checks.py"),
        "WARDLINK_PEOPLE": str(people),
        "WARDLINK_LEAVER": sign_in(base, LEAVER),
    }
    command = [
        os.path.abspath(shutil.which(options.schemathesis) or options.schemathesis), "--config-file", str(config),
        "run", str(HERE / "wardlink.json"), "--url", base, "--no-color", *options.more,
    ]
    return subprocess.run(command, env=environment, cwd=folder).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wardlink", required=True, type=Path, help="the program to serve with")
    parser.add_argument("--schemathesis", default="schemathesis", help="the program to check with")
    parser.add_argument("more", nargs="*", help="options for `schemathesis run`")
    options = parser.parse_args()
    address = f"127.0.0.1:{free_port()}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = os.environ | {
            "WARDLINK_DATA": str(folder / "data"),
            "WARDLINK_LISTEN": address,
            "RUST_LOG": "warn",
            **{f"WARDLINK_LIMIT_{limit}": "off" for limit in LIMITS},
        }
        command = [options.wardlink.resolve(), "demo", "--serve"]
        with open(folder / "wardlink.log", "w") as log:
            server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            wait_until_ready(f"http://{address}", server)
            return check(options, f"http://{address}", folder)
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(60)
            sys.stderr.write((folder / "wardlink.log").read_text())


if __name__ == "__main__":
    sys.exit(main())
