"""Signed GETs against S3: what comes back, what goes wrong, and who asks."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from json import dumps
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from threading import Thread
from typing import Any

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from foretell.problems import RegistryUnreachable
from foretell.registry import Registry
from foretell.s3 import Fetched, ObjectNotFound, ObjectReader, Patience
from tests.shared.faulty_s3 import Fault, faulty_s3

LOCALHOST = ip_address("127.0.0.1")
HASTY = Patience(connect=0.5, read=0.5, attempts=1)
PATIENT = Patience(connect=1, read=5, attempts=1)
TWICE = Patience(connect=0.5, read=0.5, attempts=2)


@pytest.fixture(autouse=True)
def in_virginia(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")


@pytest.fixture
def put(registry: Registry) -> Callable[[str, bytes], str]:
    """Stores an object and returns its tag."""

    def put(key: str, body: bytes) -> str:
        return registry.s3.put_object(Bucket=registry.address.bucket, Key=key, Body=body)["ETag"]

    return put


@pytest.fixture
def reader(registry: Registry) -> ObjectReader:
    return reader_of(registry)


def reader_of(registry: Registry, patience: Patience = PATIENT) -> ObjectReader:
    return ObjectReader(registry.address.bucket, str(registry.address), patience)


@dataclass
class Stub:
    """A server that answers as a test wants it to; remembers what it was asked."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"body"
    asked: list[dict[str, str]] = field(default_factory=list)
    connections: set[int] = field(default_factory=set)
    hangs_up: bool = False
    """Closes the connection after each answer, and does not announce it."""

    seconds_a_byte: float = 0.0
    address: str = ""


@contextmanager
def serving(stub: Stub, identity: SSLContext | None = None) -> Iterator[Stub]:
    """The server, with TLS where it has an identity."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            stub.asked.append({"path": self.path, **self.headers})
            stub.connections.add(self.client_address[1])
            self.send_response_only(stub.status)
            for name, value in {"Content-Length": str(len(stub.body)), **stub.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.close_connection = stub.hangs_up
            self._write_slowly() if stub.seconds_a_byte else self.wfile.write(stub.body)

        def _write_slowly(self) -> None:
            try:
                for byte in stub.body:
                    self.wfile.write(bytes([byte]))
                    time.sleep(stub.seconds_a_byte)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    if identity is not None:
        server.socket = identity.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    scheme = "http" if identity is None else "https"
    stub.address = f"{scheme}://127.0.0.1:{server.server_port}"
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """Stands for S3."""
    with serving(Stub()) as stub:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", stub.address)
        yield stub


def shop(patience: Patience = PATIENT) -> ObjectReader:
    return ObjectReader("shop", "s3://shop", patience)


class TestAnObject:
    """It comes back whole, and only if it changed."""

    @pytest.mark.parametrize(
        "key",
        [
            "production.json",
            "a/b/c.json",
            "with space",
            "a+b",
            "ümläut/東京.json",
            "50%25",
            "what?x=1&y=#z",
            "~tilde-_.!*'()",
        ],
    )
    def test_it_is_found_under_any_key(
        self, key: str, reader: ObjectReader, put: Callable[[str, bytes], str]
    ) -> None:
        etag = put(key, key.encode())

        assert reader.get(key) == Fetched(key.encode(), etag)

    def test_it_comes_only_while_its_tag_is_another(
        self, reader: ObjectReader, put: Callable[[str, bytes], str]
    ) -> None:
        first = put("key", b"first")
        assert reader.get("key", unless=first) is None

        second = put("key", b"second")
        assert reader.get("key", unless=first) == Fetched(b"second", second)
        assert reader.get("key", unless=second) is None

    @pytest.mark.parametrize("size", [0, 1, 20_000_000])
    def test_it_is_whole_whatever_its_size(
        self, size: int, reader: ObjectReader, put: Callable[[str, bytes], str]
    ) -> None:
        body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
        put("key", body)

        found = reader.get("key")

        assert found is not None
        assert found.body == body

    def test_where_there_is_none_that_is_told_apart(self, reader: ObjectReader) -> None:
        with pytest.raises(ObjectNotFound):
            reader.get("nothing")

    def test_a_missing_bucket_is_named(self, s3_endpoint: str) -> None:
        with pytest.raises(RegistryUnreachable, match="s3://none does not exist"):
            ObjectReader("there-is-no-such-bucket", "s3://none", PATIENT).get("key")


class TestRefusals:
    """What S3 objects to is said in words."""

    @pytest.mark.parametrize(
        ("status", "code", "told"),
        [
            (403, "AccessDenied", "access to s3://shop is denied"),
            (403, "SignatureDoesNotMatch", r"credentials .*SignatureDoesNotMatch"),
            (403, "InvalidAccessKeyId", r"credentials .*InvalidAccessKeyId"),
            (400, "ExpiredToken", r"credentials .*ExpiredToken"),
            (403, "RequestTimeTooSkewed", "RequestTimeTooSkewed"),
            (404, "NoSuchBucket", "does not exist"),
        ],
    )
    def test_its_code_is_told(self, status: int, code: str, told: str, stub: Stub) -> None:
        stub.status, stub.body = status, f"<Error><Code>{code}</Code></Error>".encode()

        with pytest.raises(RegistryUnreachable, match=told):
            shop().get("key")

    @pytest.mark.parametrize("status", [301, 307, 400])
    def test_a_bucket_in_another_region_is_told_with_both(self, status: int, stub: Stub) -> None:
        stub.status, stub.headers = status, {"x-amz-bucket-region": "eu-west-1"}

        with pytest.raises(RegistryUnreachable, match=r"is in eu-west-1 .* in us-east-1"):
            shop().get("key")

    def test_the_region_may_stand_in_the_document(self, stub: Stub) -> None:
        stub.status = 400
        stub.body = (
            b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>"
        )

        with pytest.raises(RegistryUnreachable, match="is in eu-west-1"):
            shop().get("key")

    def test_an_unasked_not_modified_is_no_answer(self, stub: Stub) -> None:
        stub.status, stub.body = 304, b""

        with pytest.raises(RegistryUnreachable, match="304"):
            shop().get("key")


class TestPatience:
    """S3 is asked twice, each time for as long as a function can wait."""

    @pytest.mark.parametrize(
        "fault", [Fault.STALLED, Fault.TRUNCATED, Fault.RESET, Fault.SLOW_DOWN, Fault.ERROR_PAGE]
    )
    def test_what_passes_is_not_noticed(
        self,
        fault: Fault,
        s3_endpoint: str,
        registry: Registry,
        put: Callable[[str, bytes], str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        put("key", b"body")
        with faulty_s3(s3_endpoint) as s3:
            monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.endpoint)
            monkeypatch.setattr(
                "foretell.s3.connection.time.sleep", lambda _: s3.behave(Fault.NONE)
            )
            s3.behave(fault)

            found = reader_of(registry, TWICE).get("key")

        assert found is not None
        assert found.body == b"body"
        assert len(s3.asked) == 2

    def test_what_does_not_pass_is_told_after_the_last_attempt(self, stub: Stub) -> None:
        stub.status, stub.body = 503, b"<Error><Code>SlowDown</Code></Error>"

        with pytest.raises(RegistryUnreachable, match="SlowDown"):
            shop(TWICE).get("key")

        assert len(stub.asked) == 2

    def test_a_refusal_is_taken_at_its_word(self, stub: Stub) -> None:
        stub.status = 403

        with pytest.raises(RegistryUnreachable):
            shop(TWICE).get("key")

        assert len(stub.asked) == 1

    def test_a_body_that_trickles_is_not_waited_for(self, stub: Stub) -> None:
        stub.body, stub.seconds_a_byte = bytes(100), 0.1

        began = time.perf_counter()
        with pytest.raises(RegistryUnreachable, match="TimeoutError"):
            shop(HASTY).get("key")

        assert time.perf_counter() - began < 2

    @pytest.mark.parametrize("garbage", [b"SSH-2.0-OpenSSH_9.6\r\n", b"\x15\x03\x01\x00\x02\x02"])
    def test_what_is_no_http_is_told(self, garbage: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        with answering(garbage) as address:
            monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://{address}")

            with pytest.raises(RegistryUnreachable, match="BadStatusLine"):
                shop(HASTY).get("key")

    def test_what_is_no_tls_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as address:
            monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"https://{address}")

            with pytest.raises(RegistryUnreachable, match="SSLError"):
                shop(HASTY).get("key")

    def test_a_host_without_an_address_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://s3.invalid")

        with pytest.raises(RegistryUnreachable, match="gaierror"):
            shop(HASTY).get("key")


@contextmanager
def answering(said: bytes) -> Iterator[str]:
    """A server that says the same to everybody, whatever it hears; its host and port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    client.recv(65_536)
                    client.sendall(said)

        Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


class TestTheConnection:
    """It is kept for one look, and never trusted for longer."""

    def test_the_reads_of_one_look_share_it(self, stub: Stub) -> None:
        reader = shop()

        for _ in range(3):
            reader.get("key")

        assert len(stub.asked) == 3
        assert len(stub.connections) == 1

    def test_one_that_was_closed_meanwhile_is_replaced_at_once(self, stub: Stub) -> None:
        stub.hangs_up = True
        reader = shop(HASTY)

        for _ in range(3):
            assert reader.get("key") == Fetched(b"body", "")

        assert len(stub.connections) == 3

    def test_one_that_lay_idle_is_not_used_again(
        self, stub: Stub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("foretell.s3.connection._KEPT_SECONDS", 0.0)
        reader = shop()

        reader.get("key")
        reader.get("key")

        assert len(stub.connections) == 2

    def test_a_refusal_does_not_cost_it(self, stub: Stub) -> None:
        reader = shop()
        stub.status, stub.body = 404, b"<Error><Code>NoSuchKey</Code></Error>"
        with pytest.raises(ObjectNotFound):
            reader.get("key")

        stub.status = 200
        reader.get("key")

        assert len(stub.connections) == 1


class TestTls:
    """In AWS nothing is said but over TLS, and to nobody but S3."""

    @pytest.fixture
    def certificate(self, tmp_path: Path) -> Path:
        return self_signed(tmp_path / "certificate.pem")

    @pytest.fixture
    def secure(self, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
        identity = SSLContext(PROTOCOL_TLS_SERVER)
        identity.load_cert_chain(certificate)
        with serving(Stub(), identity) as secure:
            monkeypatch.setenv("AWS_ENDPOINT_URL_S3", secure.address)
            yield secure

    def test_who_is_trusted_is_asked_over_one_connection(
        self, secure: Stub, certificate: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
        secure.body = bytes(1_000_000)
        reader = shop()

        assert [reader.get("key") for _ in range(3)] == [Fetched(secure.body, "")] * 3
        assert len(secure.connections) == 1

    def test_a_connection_that_was_closed_meanwhile_is_replaced_at_once(
        self, secure: Stub, certificate: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
        secure.hangs_up = True
        reader = shop(HASTY)

        assert [reader.get("key") for _ in range(3)] == [Fetched(b"body", "")] * 3

    def test_who_is_not_trusted_hears_nothing(self, secure: Stub) -> None:
        with pytest.raises(RegistryUnreachable, match="SSLCertVerificationError"):
            shop(HASTY).get("key")

        assert secure.asked == []


def self_signed(file: Path) -> Path:
    """A key and the certificate of 127.0.0.1 that goes with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(LOCALHOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return file


class TestCredentials:
    """They come from where Lambda puts them, are looked up again in time, and are never told."""

    @pytest.fixture
    def container(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
        """The endpoint of a function that was restored from a snapshot."""
        for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(variable)
        with serving(Stub(body=issued("FIRST", timedelta(hours=6)))) as container:
            monkeypatch.setenv(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{container.address}/2021/credentials?x=1"
            )
            monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "let-me-in")
            yield container

    def test_those_of_the_environment_are_read_at_every_look(
        self, stub: Stub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reader = shop()
        reader.get("key")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ANOTHER")
        monkeypatch.setenv("AWS_SESSION_TOKEN", "session")
        reader.get("key")

        assert [who(asked) for asked in stub.asked] == ["test", "ANOTHER"]
        assert "x-amz-security-token" not in stub.asked[0]
        assert stub.asked[1]["x-amz-security-token"] == "session"

    def test_those_of_a_snapshot_come_from_the_container(self, stub: Stub, container: Stub) -> None:
        reader = shop()
        reader.get("key")
        reader.get("key")

        assert [who(asked) for asked in stub.asked] == ["FIRST", "FIRST"]
        assert stub.asked[0]["x-amz-security-token"] == "token of FIRST"
        assert len(container.asked) == 1
        assert container.asked[0]["path"] == "/2021/credentials?x=1"
        assert container.asked[0]["Authorization"] == "let-me-in"

    def test_its_token_may_be_in_a_file(
        self, stub: Stub, container: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "token").write_text("from-the-file\n")
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))

        shop().get("key")

        assert container.asked[0]["Authorization"] == "from-the-file"

    def test_those_that_expire_are_replaced(self, stub: Stub, container: Stub) -> None:
        reader = shop()
        container.body = issued("FIRST", timedelta(seconds=30))
        reader.get("key")
        container.body = issued("SECOND", timedelta(hours=6))
        reader.get("key")

        assert [who(asked) for asked in stub.asked] == ["FIRST", "SECOND"]

    def test_those_that_s3_refuses_are_replaced(self, stub: Stub, container: Stub) -> None:
        reader = shop()
        stub.status, stub.body = 400, b"<Error><Code>ExpiredToken</Code></Error>"
        with pytest.raises(RegistryUnreachable, match="ExpiredToken"):
            reader.get("key")

        container.body, stub.status = issued("SECOND", timedelta(hours=6)), 200
        reader.get("key")

        assert [who(asked) for asked in stub.asked] == ["FIRST", "SECOND"]

    @pytest.mark.parametrize(
        ("status", "body"),
        [(403, b"{}"), (200, b"{}"), (200, b"<html>"), (200, b"[]"), (200, b"\xff")],
    )
    def test_a_container_without_any_is_told(
        self, status: int, body: bytes, stub: Stub, container: Stub
    ) -> None:
        container.status, container.body = status, body

        with pytest.raises(RegistryUnreachable, match="AWS_CONTAINER_CREDENTIALS_FULL_URI"):
            shop().get("key")

        assert stub.asked == []

    @pytest.mark.parametrize("address", ["http://192.0.2.1/", "http://secrets.example.com/", "x"])
    def test_a_container_that_is_not_of_this_machine_is_not_asked(
        self, address: str, stub: Stub, container: Stub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", address)

        with pytest.raises(RegistryUnreachable, match="must be an https address"):
            shop().get("key")

    def test_elsewhere_they_are_those_that_boto3_finds(
        self, stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        without_any(tmp_path, monkeypatch)
        (tmp_path / "credentials").write_text(
            "[default]\naws_access_key_id = PROFILE\naws_secret_access_key = secret\n"
        )

        shop().get("key")

        assert who(stub.asked[0]) == "PROFILE"

    def test_where_there_are_none_it_is_told_what_to_set(
        self, stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        without_any(tmp_path, monkeypatch)

        with pytest.raises(RegistryUnreachable, match="AWS_ACCESS_KEY_ID"):
            shop().get("key")

    @pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"])
    def test_one_that_cannot_be_sent_is_not_quoted(
        self, variable: str, stub: Stub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(variable, "some-secret\r\nx: y")

        with pytest.raises(RegistryUnreachable, match="line break") as told:
            shop().get("key")

        assert "some-secret" not in str(told.getrepr(style="native"))
        assert stub.asked == []

    def test_a_token_for_the_container_that_cannot_be_sent_is_not_quoted(
        self, stub: Stub, container: Stub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "some-secret\r\nx: y")

        with pytest.raises(RegistryUnreachable) as told:
            shop().get("key")

        assert "some-secret" not in str(told.getrepr(style="native"))


def without_any(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine where boto3 finds what is in `folder`, which is nothing to begin with."""
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
    # Also keeps what other tests found out of this one.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


def issued(access_key: str, lifetime: timedelta) -> bytes:
    """What the endpoint of a container answers."""
    return dumps(
        {
            "AccessKeyId": access_key,
            "SecretAccessKey": "secret",
            "Token": f"token of {access_key}",
            "Expiration": f"{datetime.now(UTC) + lifetime:%Y-%m-%dT%H:%M:%SZ}",
        }
    ).encode()


def who(asked: dict[str, str]) -> str:
    """Whose request it was."""
    return asked["authorization"].partition("Credential=")[2].partition("/")[0]
