#!/usr/bin/env python3
"""Fails where detect-secrets finds something in a versioned file that secrets.toml does not explain."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
# Checksums that cargo wrote, examples that are looked at where they are written, and
# the list itself.
LEFT_OUT = (".ci/secrets.toml", "Cargo.lock", "fuzz/Cargo.lock", "openapi/wardlink.json")


def found(program):
    listed = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True, text=True).stdout
    files = [name for name in listed.split("\0") if name and name not in LEFT_OUT]
    # A finding is not tried out at the service that it might belong to.
    command = [program, "scan", "--no-verify", *files]
    scan = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [finding for findings in json.loads(scan)["results"].values() for finding in findings]


def main(program):
    listed = tomllib.loads((HERE / "secrets.toml").read_text())["no_secret"]
    known = {digest for entry in listed if entry["reason"].strip() for digest in entry["sha1"]}
    findings = found(program)
    new = [it for it in findings if it["hashed_secret"] not in known]
    for it in new:
        print(f"{it['filename']}:{it['line_number']}: {it['type']}, sha1 {it['hashed_secret']}")
    gone = known - {it["hashed_secret"] for it in findings}
    for digest in sorted(gone):
        print(f".ci/secrets.toml: {digest} is nowhere any more")
    return 1 if new or gone else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
