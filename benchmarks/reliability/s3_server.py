"""An S3-compatible server on this machine, moto's, in a process of its own: it can be stopped and started again with
what it holds, be slow, and answer with errors or with bodies that are cut short."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

BUCKET = "runs"
# How the server behaves: as it should; not at all; slowly; with errors 500 and 503; with half a body, then the
# connection ends; with half a body as if it were whole.
OK, STOPPED, SLOW, ERRORS, CUT, SHORT = "ok", "stopped", "slow", "errors", "cut", "short"
FAULTS = (STOPPED, SLOW, ERRORS, CUT, SHORT)
_DELAY = 0.15


class S3Server:
    """The server's process and its bucket; a context manager."""

    def __init__(self, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._log = log
        # What clients need to find the server, and to give up after seconds instead of minutes.
        self.environment = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_MAX_ATTEMPTS": "2",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def __enter__(self) -> S3Server:
        import boto3

        command = [sys.executable, "-m", "benchmarks.reliability.s3_server", str(self._port)]
        root = Path(__file__).resolve().parents[2]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self._answer()
        self._client = boto3.client(
            "s3", endpoint_url=self.url, aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"
        )
        self._client.create_bucket(Bucket=BUCKET)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def behave(self, how: str, share: float = 1.0) -> None:
        """From now on a share of all requests is answered in this way."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([how, share]) + "\n")
        self._process.stdin.flush()
        self._answer()

    def _answer(self) -> None:
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "done\n":
            raise RuntimeError(f"the S3 server ended: {self._log.read_text()[-2000:]}")

    def download(self, prefix: str, folder: Path) -> None:
        """All objects under a prefix, as files under a folder; their keys must stay in it."""
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{prefix}/"):
            for each in page.get("Contents", []):
                path = folder / each["Key"].removeprefix(f"{prefix}/")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(self._client.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read())

    def empty(self, prefix: str) -> None:
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{prefix}/"):
            for each in page.get("Contents", []):
                self._client.delete_object(Bucket=BUCKET, Key=each["Key"])


class Faulty:
    """A WSGI application between clients and moto."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self.how, self.share = OK, 1.0
        self._random = random.Random(1)

    def __call__(self, environment: dict[str, Any], start: Any) -> Iterable[bytes]:
        how = self.how if self._random.random() < self.share else OK
        if how == SLOW:
            time.sleep(_DELAY)
        if how == ERRORS:
            status = self._random.choice(("500 Internal Server Error", "503 Slow Down"))
            # moto reads what is sent; here it must be read too, or the client sees a broken connection.
            environment["wsgi.input"].read(int(environment.get("CONTENT_LENGTH") or 0))
            body = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>try again</Message></Error>"
            start(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
            return [body]
        if how in (CUT, SHORT) and environment["REQUEST_METHOD"] == "GET":
            return self._half(environment, start, whole_length=how == CUT)
        answer: Iterable[bytes] = self._application(environment, start)
        return answer

    def _half(self, environment: dict[str, Any], start: Any, whole_length: bool) -> Iterable[bytes]:
        begun: list[Any] = []
        body = b"".join(self._application(environment, lambda *given: begun.extend(given)))
        headers = [(name, value) for name, value in begun[1] if name.lower() != "content-length"]
        half = body[: len(body) // 2]
        start(begun[0], [*headers, ("Content-Length", str(len(body if whole_length else half)))])
        return [half]


def main() -> None:
    """Serve on a port; commands come as lines on standard input."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import BaseWSGIServer, make_server

    port = int(sys.argv[1])
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    faulty = Faulty(DomainDispatcherApplication(create_backend_app))
    server: BaseWSGIServer | None = None
    how = OK
    while True:
        if how == STOPPED and server is not None:
            server.shutdown()
            server.server_close()
            server = None
        elif how != STOPPED and server is None:
            server = make_server("127.0.0.1", port, faulty, threaded=True)
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        faulty.how = how
        print("done", flush=True)
        line = sys.stdin.readline()
        if not line:
            return
        how, faulty.share = json.loads(line)


if __name__ == "__main__":
    main()
