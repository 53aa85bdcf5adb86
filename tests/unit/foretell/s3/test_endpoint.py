"""Where a bucket is looked for."""

import pytest

from foretell.problems import RegistryUnreachable
from foretell.s3.endpoint import Endpoint

VARIABLES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION")


@pytest.fixture(autouse=True)
def in_frankfurt(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Lambda sets a function up."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")


def url(bucket: str) -> str:
    found = Endpoint.of(bucket)
    return f"{found.scheme}://{found.host}{found.folder}"


def test_in_aws_each_bucket_has_a_host() -> None:
    assert url("shop") == "https://shop.s3.eu-central-1.amazonaws.com/"


def test_a_bucket_with_dots_is_a_folder_because_of_the_certificate() -> None:
    assert url("models.shop") == "https://s3.eu-central-1.amazonaws.com/models.shop/"


def test_china_has_a_domain_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "cn-north-1")

    assert url("shop") == "https://shop.s3.cn-north-1.amazonaws.com.cn/"


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"])
@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000/shop/"),
        ("https://s3.example.com/", "https://s3.example.com/shop/"),
        ("https://example.com/s3/", "https://example.com/s3/shop/"),
        ("http://[::1]:9000", "http://[::1]:9000/shop/"),
    ],
)
def test_at_another_endpoint_each_bucket_is_a_folder(
    variable: str, address: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, address)

    assert url("shop") == expected


def test_the_endpoint_of_s3_goes_before_the_one_of_all_services(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://all.example.com")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://s3.example.com")

    assert url("shop") == "http://s3.example.com/shop/"


@pytest.mark.parametrize(
    "address", ["127.0.0.1:9000", "ftp://s3.example.com", "http://", "http://["]
)
def test_an_endpoint_that_is_no_address_is_named(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)

    with pytest.raises(RegistryUnreachable, match="AWS_ENDPOINT_URL_S3"):
        Endpoint.of("shop")


def test_a_missing_region_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(RegistryUnreachable, match="AWS_REGION"):
        Endpoint.of("shop")

    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    assert Endpoint.of("shop").region == "us-west-2"
