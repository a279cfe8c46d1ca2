#!/usr/bin/env python3
"""Keeps attachments in an S3-compatible store and gets them back: `wardlink` against moto. Run by .ci/run.

Needs moto[server], with the Python that it is installed for.
"""

import argparse
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import boto3

PHOTO = Path(__file__).parent.parent / "src/demo/photo.png"
# More than two parts of 5 MiB, so that it goes up in pieces.
DOCUMENT = b"%PDF-1.4\n" + bytes(byte % 251 for byte in range(12_000_000)) + b"\n%%EOF\n"
BOUNDARY = "wardlink-boundary"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(method, url, body=None, **headers):
    request = urllib.request.Request(url, body, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def until_answered(url, process):
    for _ in range(300):
        if process.poll() is not None:
            sys.exit(f"{process.args[0]} ended with {process.returncode}")
        try:
            return ask("GET", url)
        except OSError:
            time.sleep(0.2)
    sys.exit(f"{url} does not answer")


def form(name, media_type, content, phase):
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="phase"\r\n\r\n{phase}\r\n'
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        f"Content-Type: {media_type}\r\n\r\n"
    )
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def of(store, key):
    return store.get_object(Bucket="wardlink", Key=key)["Body"].read()


def play(api, store):
    login = json.dumps({"email": "csm@camden.example", "password": "Demo-only-passphrase-1"}).encode()
    answer = ask("POST", f"{api}/v1/auth/login", login, **{"Content-Type": "application/json"})
    bearer = {"Authorization": f"Bearer {json.loads(answer)['access_token']}"}
    case = json.loads(ask("GET", f"{api}/v1/cases?shared=out&limit=1", **bearer))["items"][0]["id"]
    for name, media_type, content, phase in (
        ("wall.png", "image/png", PHOTO.read_bytes(), "before"),
        ("order.pdf", "application/pdf", DOCUMENT, "document"),
    ):
        headers = bearer | {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        body = form(name, media_type, content, phase)
        added = json.loads(ask("POST", f"{api}/v1/cases/{case}/attachments", body, **headers))
        digest = hashlib.sha256(content).hexdigest()
        assert added["sha256"] == digest, f"{name}: {added}"
        kept = of(store, f"originals/{added['id']}")
        assert hashlib.sha256(kept).hexdigest() == digest, f"{name}: the store keeps {len(kept)} other bytes"
        back = ask("GET", f"{api}/v1/attachments/{added['id']}/content", **bearer)
        assert back == of(store, f"served/{added['id']}"), f"{name}: what is handed out is not the copy"
        print(f"{name}: {len(content)} bytes kept, {len(back)} handed out")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wardlink", required=True, type=Path)
    parser.add_argument("--moto", required=True, type=Path, help="the program moto_server")
    options = parser.parse_args()
    store, api = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    processes = []
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "WARDLINK_DATA": f"{folder}/data",
            "WARDLINK_LISTEN": api.removeprefix("http://"),
            "WARDLINK_S3_BUCKET": "wardlink",
            "WARDLINK_S3_ACCESS_KEY": "anybody",
            "WARDLINK_S3_SECRET_KEY": "anything",
            "WARDLINK_S3_ENDPOINT": store,
            "WARDLINK_S3_ALLOW_HTTP": "true",
            "RUST_LOG": "warn",
        }
        try:
            with open(f"{folder}/log", "w") as log:
                processes.append(subprocess.Popen([options.moto, "-p", store.rsplit(":", 1)[1]], stdout=log, stderr=log))
                until_answered(f"{store}/moto-api/", processes[0])
                bucket = boto3.client(
                    "s3", endpoint_url=store, region_name="us-east-1", aws_access_key_id="anybody",
                    aws_secret_access_key="anything",
                )
                bucket.create_bucket(Bucket="wardlink")
                command = [options.wardlink.resolve(), "demo", "--serve"]
                processes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
                until_answered(f"{api}/readyz", processes[1])
            play(api, bucket)
        finally:
            for process in reversed(processes):
                process.send_signal(signal.SIGINT)
                process.wait(30)


if __name__ == "__main__":
    main()
