"""S3 with parts of a few KiB, and one that refuses what it is told to refuse."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import moto.s3.models
import pytest
from botocore.awsrequest import AWSResponse

from foretell.batch.storage import S3Results, connect
from foretell.batch.storage.multipart import PartSizes
from infra.local.object_store import object_store

KIB = 1 << 10
SIZES = PartSizes(least=5 * KIB, sent=8 * KIB, copied=16 * KIB)
"""S3's own, a thousand times smaller: moto takes its time for megabytes."""


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """moto's S3, one request at a time, so that its conditional writes are atomic as S3's are."""
    with (
        pytest.MonkeyPatch.context() as patch,
        object_store(tmp_path_factory.mktemp("s3"), 0) as store,
    ):
        patch.setattr(moto.s3.models, "S3_UPLOAD_PART_MIN_SIZE", SIZES.least)
        patch.setenv("AWS_ENDPOINT_URL_S3", store.endpoint_url)
        yield store.endpoint_url


@pytest.fixture(scope="module")
def s3(endpoint: str) -> Any:
    return connect()


@pytest.fixture(scope="module")
def witness(endpoint: str) -> Any:
    """A client whose requests nobody interferes with."""
    return connect()


@pytest.fixture
def bucket(witness: Any) -> str:
    name = f"files-{uuid.uuid4().hex}"
    witness.create_bucket(Bucket=name)
    return name


@pytest.fixture
def results(s3: Any, bucket: str) -> S3Results:
    return S3Results(s3, bucket, "runs/may-1/", SIZES)


@pytest.fixture
def on(s3: Any) -> Iterator[Callable[[str, Callable[..., Any]], None]]:
    """on("before-send.s3.GetObject", act): have boto3 call `act` until the test ends."""
    with ExitStack() as stack:

        def register(event: str, act: Callable[..., Any]) -> None:
            s3.meta.events.register(event, act)
            stack.callback(s3.meta.events.unregister, event, act)

        yield register


class _Body:
    """As much of an answer's body as botocore reads."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._content


@pytest.fixture
def refuse(on: Callable[..., None]) -> Callable[..., None]:
    """refuse("UploadPart", after=1): from the second request on, S3 says that access is denied."""

    def refuse(operation: str, after: int = 0, code: str = "AccessDenied") -> None:
        seen = 0

        def answer(request: Any, **_: Any) -> AWSResponse | None:
            nonlocal seen
            seen += 1
            if seen <= after:
                return None
            body = _Body(f"<Error><Code>{code}</Code><Message>No</Message></Error>".encode())
            return AWSResponse(request.url, 403, {}, body)

        on(f"before-send.s3.{operation}", answer)

    return refuse
