"""Reading the registry: every way in which S3 can disappoint is told apart."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from urllib3.exceptions import SSLError
from urllib3.response import HTTPResponse

from foretell import live
from foretell.problems import (
    DigestMismatch,
    IncompatibleVersion,
    NoLiveVersion,
    RegistryNotConfigured,
    RegistryUnreachable,
    VersionNotFound,
)
from foretell.registry import (
    FOR_A_FUNCTION,
    Registry,
    RegistryAddress,
    connect,
    from_environment,
)
from foretell.s3 import PAUSE_SECONDS, Patience
from tests.shared.faulty_s3 import Fault, FaultyS3, faulty_s3


@pytest.mark.parametrize(
    ("text", "bucket", "models"),
    [
        ("s3://shop", "shop", "models/"),
        ("s3://shop/", "shop", "models/"),
        ("s3://shop/a/b/", "shop", "a/b/models/"),
    ],
)
def test_an_address_names_bucket_and_prefix(text: str, bucket: str, models: str) -> None:
    address = RegistryAddress.parse(text)

    assert (address.bucket, address.models) == (bucket, models)
    assert RegistryAddress.parse(str(address)) == address


@pytest.mark.parametrize("text", ["", "shop", "http://shop", "s3://", "s3://UPPER/x", "s3:/a/b"])
def test_what_is_no_s3_address_is_refused(text: str) -> None:
    with pytest.raises(RegistryNotConfigured, match="s3://bucket/prefix"):
        RegistryAddress.parse(text)


def test_without_a_setting_the_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORETELL_REGISTRY", raising=False)

    with pytest.raises(RegistryNotConfigured, match="FORETELL_REGISTRY"):
        from_environment()


def test_the_live_version_is_read_once_until_it_changes(
    live_registry: Registry, trained: Any
) -> None:
    found = live_registry.live()

    assert found is not None
    assert found.pointer.version == trained.version
    assert live_registry.live(unless=found.etag) is None


def test_an_empty_registry_has_no_live_version(registry: Registry) -> None:
    with pytest.raises(NoLiveVersion, match="foretell train"):
        registry.live()
    assert registry.versions() == ()


def test_a_missing_bucket_is_named(s3_endpoint: str) -> None:
    registry = connect(RegistryAddress("there-is-no-such-bucket"))

    for read in (registry.live, registry.versions):
        with pytest.raises(RegistryUnreachable, match="there-is-no-such-bucket does not exist"):
            read()


def test_an_endpoint_that_refuses_connections_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")

    with pytest.raises(RegistryUnreachable, match="AWS_ENDPOINT_URL_S3"):
        connect(RegistryAddress("shop")).live()


def test_a_pointer_that_is_not_ours_is_refused(registry: Registry) -> None:
    registry.s3.put_object(
        Bucket=registry.address.bucket, Key=registry.address.pointer, Body=b"not json"
    )

    with pytest.raises(IncompatibleVersion, match="promote again"):
        registry.live()


def test_a_changed_manifest_is_noticed(live_registry: Registry, trained: Any) -> None:
    live_registry.s3.put_object(
        Bucket=live_registry.address.bucket,
        Key=live_registry.address.manifest(trained.version),
        Body=trained.manifest.to_bytes().replace(b"180", b"181"),
    )

    with pytest.raises(DigestMismatch, match=r"manifest\.json"):
        live_registry.manifest(trained.version)


@pytest.mark.parametrize("body", [b"", b"short", None], ids=["empty", "other", "one bit"])
def test_a_changed_file_is_never_handed_out(
    live_registry: Registry, trained: Any, body: bytes | None
) -> None:
    if body is None:
        flipped = bytearray(trained.files["clv.onnx"])
        flipped[len(flipped) // 2] ^= 1
        body = bytes(flipped)
    live_registry.s3.put_object(
        Bucket=live_registry.address.bucket,
        Key=live_registry.address.file(trained.version, "clv.onnx"),
        Body=body,
    )

    with pytest.raises(DigestMismatch, match=r"clv\.onnx"):
        live_registry.file(trained.version, "clv.onnx", trained.manifest)


def test_a_missing_file_is_named(live_registry: Registry, trained: Any) -> None:
    live_registry.s3.delete_object(
        Bucket=live_registry.address.bucket,
        Key=live_registry.address.file(trained.version, "clv.onnx"),
    )

    with pytest.raises(VersionNotFound, match=r"clv\.onnx"):
        live_registry.file(trained.version, "clv.onnx", trained.manifest)
    with pytest.raises(VersionNotFound, match=r"secret\.pkl"):
        live_registry.file(trained.version, "secret.pkl", trained.manifest)


def test_what_a_function_reads_it_cannot_list_or_write(
    live_registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORETELL_REGISTRY", str(live_registry.address))
    registry = from_environment()

    assert registry.live() == live_registry.live()
    with pytest.raises(RegistryNotConfigured, match=r"registry\.connect"):
        registry.versions()


OUR_OWN = {
    Fault.REFUSED: "ConnectionRefusedError",
    Fault.STALLED: "TimeoutError",
    Fault.TRUNCATED: "IncompleteRead",
    Fault.RESET: "ConnectionResetError",
    Fault.DRIED_UP: "TimeoutError",
    Fault.ACCESS_DENIED: "is denied",
    Fault.SLOW_DOWN: "SlowDown",
    Fault.INTERNAL_ERROR: "InternalError",
    Fault.ERROR_PAGE: "502",
}
BOTO3 = OUR_OWN | {
    Fault.REFUSED: "EndpointConnectionError",
    Fault.STALLED: "ReadTimeoutError",
    Fault.TRUNCATED: "ResponseStreamingError",
    Fault.RESET: "ResponseStreamingError",
    Fault.DRIED_UP: "ReadTimeoutError",
}


@dataclass(frozen=True)
class Reads:
    """A registry, every way to read it, and what it says of each fault."""

    registry: Registry
    all: list[Callable[[], object]]
    reasons: dict[Fault, str]


class TestOnABadDay:
    """However S3 fails, the reader gets one of the registry's own errors, and gets it soon."""

    @pytest.fixture
    def s3(
        self, s3_endpoint: str, live_registry: Registry, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[FaultyS3]:
        """What comes between S3 and whoever connects from here on."""
        with faulty_s3(s3_endpoint) as s3:
            monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.endpoint)
            yield s3

    @pytest.fixture(params=["a function", "a command"])
    def reads(
        self,
        request: pytest.FixtureRequest,
        s3: FaultyS3,
        live_registry: Registry,
        trained: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> Reads:
        """What either reads, with less patience."""
        hasty = Patience(0.5, 0.5, 1)
        monkeypatch.setattr("foretell.registry.FOR_A_FUNCTION", hasty)
        monkeypatch.setattr("foretell.registry.FOR_A_COMMAND", hasty)
        monkeypatch.setenv("FORETELL_REGISTRY", str(live_registry.address))
        of_a_function = request.param == "a function"
        registry = from_environment() if of_a_function else connect(live_registry.address)
        version = trained.version
        ways: list[Callable[[], object]] = [
            registry.live,
            lambda: registry.manifest(version),
            lambda: registry.file(version, "clv.onnx", trained.manifest),
        ]
        return Reads(registry, ways, OUR_OWN if of_a_function else BOTO3)

    @pytest.mark.parametrize("fault", OUR_OWN)
    def test_a_failed_read_says_why(self, fault: Fault, s3: FaultyS3, reads: Reads) -> None:
        s3.behave(fault)

        for read in reads.all:
            with pytest.raises(RegistryUnreachable, match=reads.reasons[fault]):
                read()

        s3.behave(Fault.NONE)
        assert all(read() for read in reads.all)

    @pytest.mark.parametrize("fault", BOTO3)
    @pytest.mark.parametrize("reads", ["a command"], indirect=True)
    def test_a_list_that_fails_is_told(self, fault: Fault, s3: FaultyS3, reads: Reads) -> None:
        s3.behave(fault)

        with pytest.raises(RegistryUnreachable):
            reads.registry.versions()

        s3.behave(Fault.NONE)
        assert reads.registry.versions()

    def test_garbage_is_not_taken_for_an_answer(self, s3: FaultyS3, reads: Reads) -> None:
        s3.behave(Fault.GARBAGE)

        for read, error in zip(
            reads.all, [IncompatibleVersion, DigestMismatch, DigestMismatch], strict=True
        ):
            with pytest.raises(error):
                read()

    @pytest.mark.parametrize("reads", ["a command"], indirect=True)
    def test_garbage_is_no_list(self, s3: FaultyS3, reads: Reads) -> None:
        s3.behave(Fault.GARBAGE)

        with pytest.raises(RegistryUnreachable):
            reads.registry.versions()

    @pytest.mark.parametrize("reads", ["a command"], indirect=True)
    def test_a_failure_of_tls_amid_a_body_is_told_like_any_other(
        self, reads: Reads, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise SSLError("bad record mac")

        monkeypatch.setattr(HTTPResponse, "read", fail)

        for read in reads.all:
            with pytest.raises(RegistryUnreachable, match="SSLError"):
                read()


def test_a_function_hears_of_the_failure_while_it_waits() -> None:
    """An unanswered read ends within the patience for a first model, pauses included."""
    patience = FOR_A_FUNCTION

    assert patience.attempts > 1
    assert patience.connect <= patience.read
    assert (
        patience.attempts * patience.read + (patience.attempts - 1) * PAUSE_SECONDS
        <= live.FIRST_PATIENCE_SECONDS
    )
