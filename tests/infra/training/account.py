"""What a task finds in AWS: S3, and credentials of its role; both tell what they were asked."""

import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import boto3

_REQUEST = re.compile(r'"(?P<method>[A-Z]+) (?P<target>\S+) HTTP/1\.1" \d')
_ON_OBJECTS = {"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject"}
ROLE = {
    "AccessKeyId": "ASIAOFTHEROLE",
    "SecretAccessKey": "secret",
    "Token": "token",
    "Expiration": "2099-01-01T00:00:00Z",
}


class Call(NamedTuple):
    """One request to S3, as IAM sees it."""

    action: str
    resource: str
    prefix: str | None = None

    def is_allowed(self, statements: Sequence[Mapping[str, Any]]) -> bool:
        return any(self._is_meant_by(statement) for statement in statements)

    def _is_meant_by(self, statement: Mapping[str, Any]) -> bool:
        actions = statement["Action"]
        resource = statement["Resource"].replace("${AWS::Partition}", "aws")
        prefixes = statement.get("Condition", {}).get("StringEquals", {}).get("s3:prefix")
        return (
            self.action in ([actions] if isinstance(actions, str) else actions)
            and fnmatchcase(self.resource, resource)
            and (prefixes is None or self.prefix in prefixes)
        )


@dataclass(frozen=True)
class Account:
    """S3 on this machine, and where credentials are to be had."""

    endpoint: str
    credentials: str
    handed_out: list[str]
    log: Path

    @property
    def s3(self) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client("s3", endpoint_url=self.endpoint, region_name="us-east-1", **keys)

    def environment(self) -> dict[str, str]:
        """What leads a container there; on Fargate the same variables lead to AWS."""
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": self.credentials,
        }

    @contextmanager
    def watched(self) -> Iterator[list[Call]]:
        """The calls of the block, which are in the list when it is left."""
        begin = len(self._lines())
        calls: list[Call] = []
        yield calls
        calls += [_call(found["method"], found["target"]) for found in self._requests(begin)]

    def _requests(self, begin: int) -> Iterator[re.Match[str]]:
        return filter(None, map(_REQUEST.search, self._lines()[begin:]))

    def _lines(self) -> list[str]:
        return self.log.read_text(encoding="utf-8").splitlines()


def _call(method: str, target: str) -> Call:
    address = urlsplit(target)
    bucket, _, key = unquote(address.path).lstrip("/").partition("/")
    if key:
        return Call(_ON_OBJECTS.get(method, method), f"arn:aws:s3:::{bucket}/{key}")
    asked = parse_qs(address.query)
    action = "s3:ListBucket" if method == "GET" and "list-type" in asked else method
    return Call(action, f"arn:aws:s3:::{bucket}", asked.get("prefix", [""])[0])


@contextmanager
def opened(folder: Path) -> Iterator[Account]:
    """An account with the buckets `tables` and `models`, on addresses of this machine."""
    port, log = _free_port(), folder / "s3.log"
    with log.open("w", encoding="utf-8") as output, _role() as (credentials, handed_out):
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=output,
        )
        try:
            _wait_for(port)
            account = Account(f"http://127.0.0.1:{port}", credentials, handed_out, log)
            for bucket in ("tables", "models"):
                account.s3.create_bucket(Bucket=bucket)
            yield account
        finally:
            server.terminate()
            server.wait()


@contextmanager
def _role() -> Iterator[tuple[str, list[str]]]:
    """Hands out the role's credentials, as Fargate does to its tasks."""
    handed_out: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(ROLE).encode()
            handed_out.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is told."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/role", handed_out
    finally:
        server.shutdown()
        server.server_close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the S3 server did not start")
