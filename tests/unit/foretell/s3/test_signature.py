"""Requests are signed as AWS says: its published example, and botocore on any key."""

from datetime import UTC, datetime

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from foretell.s3.credentials import Credentials
from foretell.s3.signature import Get, encoded_path, signed_headers

PUBLISHED = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
AT = datetime(2013, 5, 24, tzinfo=UTC)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
TAGS = st.none() | st.from_regex(r'"[0-9a-f]{32}(-[1-9])?"', fullmatch=True)
TOKENS = st.none() | st.from_regex(r"[A-Za-z0-9+/=]{1,80}", fullmatch=True)


def test_the_published_example_of_get_object_is_signed_as_published() -> None:
    get = Get("examplebucket.s3.amazonaws.com", "/test.txt", {"range": "bytes=0-9"})

    headers = signed_headers(get, PUBLISHED, "us-east-1", AT)

    assert headers["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )


@given(KEYS, TAGS, TOKENS, st.sampled_from(["us-east-1", "eu-central-1", "cn-north-1"]))
def test_every_key_is_signed_as_botocore_signs_it(
    key: str, tag: str | None, token: str | None, region: str
) -> None:
    credentials = Credentials(PUBLISHED.access_key, PUBLISHED.secret_key, token)
    conditions = {"if-none-match": tag} if tag else {}
    get = Get("shop.s3.example.com:9000", f"/{encoded_path(key)}", conditions)

    headers = signed_headers(get, credentials, region, AT)

    assert signature_of(headers["authorization"]) == botocores(get, credentials, region)


def botocores(get: Get, credentials: Credentials, region: str) -> str:
    """The signature that botocore computes for the same request at the same time."""
    request = AWSRequest("GET", f"https://{get.host}{get.path}", headers=dict(get.headers))
    request.context["payload_signing_enabled"] = True
    signer = S3SigV4Auth(
        BotocoreCredentials(credentials.access_key, credentials.secret_key, credentials.token),
        "s3",
        region,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.auth.get_current_datetime", lambda: AT.replace(tzinfo=None))
        signer.add_auth(request)
    return signature_of(request.headers["Authorization"])


def signature_of(authorization: str) -> str:
    return authorization.rpartition("Signature=")[2]


@pytest.mark.parametrize(
    ("key", "encoded"),
    [
        ("shop/models/production.json", "shop/models/production.json"),
        ("a b+c", "a%20b%2Bc"),
        ("ä/~._-", "%C3%A4/~._-"),
        ("50%/?x=#1", "50%25/%3Fx%3D%231"),
    ],
)
def test_keys_are_encoded_once_and_keep_their_slashes(key: str, encoded: str) -> None:
    assert encoded_path(key) == encoded


def test_secrets_are_in_no_representation_of_the_credentials() -> None:
    shown = repr(Credentials("AKID", "the-secret-key", "the-session-token"))

    assert "AKID" in shown
    assert "the-secret-key" not in shown
    assert "the-session-token" not in shown
