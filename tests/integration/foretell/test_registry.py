"""Reading the registry: every way in which S3 can disappoint is told apart."""

from typing import Any

import pytest

from foretell.problems import (
    DigestMismatch,
    IncompatibleVersion,
    NoLiveVersion,
    RegistryNotConfigured,
    RegistryUnreachable,
    VersionNotFound,
)
from foretell.registry import Registry, RegistryAddress, connect, from_environment


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
