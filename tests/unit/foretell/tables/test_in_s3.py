"""Tables that lie in S3, and what can stand between."""

import gzip
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import boto3
import pytest

from foretell.tables import Sources, load
from foretell.tables.errors import InputError

ROWS = b"customer_id,timestamp,amount\nC1,2024-01-01,5\n"


@pytest.fixture
def bucket(s3_endpoint: str) -> str:
    client = boto3.client("s3", endpoint_url=s3_endpoint)
    client.create_bucket(Bucket="raw-tables")
    for key, body in {
        "orders/2024/a.csv": ROWS,
        "orders/b.csv.gz": gzip.compress(ROWS.replace(b"C1", b"C2")),
        "orders/_SUCCESS": b"",
        "orders/": b"",
        "orders-of-others/c.csv": b"x,y\n1,2\n",
        "bad/d.csv": ROWS + b"C1,2024-01-01,abc\n",
    }.items():
        client.put_object(Bucket="raw-tables", Key=key, Body=body)
    return "s3://raw-tables"


@pytest.mark.parametrize("prefix", ["orders", "orders/"])
def test_all_objects_below_a_prefix_are_one_table(bucket: str, prefix: str) -> None:
    with load(Sources(f"{bucket}/{prefix}")) as tables:
        found = tables.connection.execute("SELECT customer_id FROM transactions ORDER BY ALL")
        assert found.fetchall() == [("C1",), ("C2",)]
        assert tables.report.tables[0].files == (
            f"{bucket}/orders/2024/a.csv",
            f"{bucket}/orders/b.csv.gz",
        )


def test_one_object_is_a_table(bucket: str) -> None:
    with load(Sources(f"{bucket}/orders/2024/a.csv")) as tables:
        assert tables.report.tables[0].rows_kept == 1


def test_bad_rows_are_told_by_their_s3_address(bucket: str) -> None:
    with pytest.raises(InputError, match=r"s3://raw-tables/bad/d\.csv row 3: unreadable amount"):
        load(Sources(f"{bucket}/bad"))


def test_a_wrong_prefix_or_bucket_is_told(bucket: str) -> None:
    with pytest.raises(InputError, match="s3://raw-tables/nothing: no readable object"):
        load(Sources(f"{bucket}/nothing"))
    with pytest.raises(InputError, match="s3://no-such-bucket/x: there is no such bucket"):
        load(Sources("s3://no-such-bucket/x"))


@pytest.fixture
def refusing_s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """An S3 that answers everything with AccessDenied."""

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
            self.send_response(403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.server_port}")
        yield lambda: "s3://closed/orders"
        server.shutdown()


def test_denied_access_is_told(refusing_s3: Callable[[], str]) -> None:
    with pytest.raises(InputError, match="s3://closed/orders: access denied"):
        load(Sources(refusing_s3()))


def test_missing_credentials_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "absent"))
    with pytest.raises(InputError, match="s3://any/x: no AWS credentials found"):
        load(Sources("s3://any/x"))


def test_an_unreachable_endpoint_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed_soon:
        port = closed_soon.server_port
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(InputError, match="s3://any/x: S3 cannot be reached"):
        load(Sources("s3://any/x"))
