"""What a client asks S3, call by call, and S3 that fails at those it is told to fail at."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from threading import Lock, local
from typing import Any

from botocore.awsrequest import AWSResponse


@dataclass(frozen=True)
class Call:
    """One thing that is asked of S3, however many attempts it takes."""

    operation: str
    object: str
    number: int
    """Of those alike, from 1."""

    def __str__(self) -> str:
        return f"{self.operation} {self.object} {self.number}"

    def is_this(self, other: "Call") -> bool:
        return self == other


Misbehaviour = Callable[[Any, Any], AWSResponse | None]
"""What S3 answers to a request instead of doing what it is asked; None where it does that."""


def denies(request: Any, _: Any) -> AWSResponse:
    return refusal(request, 403, "AccessDenied")


def fails(request: Any, _: Any) -> AWSResponse:
    return refusal(request, 500, "InternalError")


def loses_its_answer(request: Any, client: Any) -> AWSResponse:
    """S3 does what it is asked, and nobody hears of it."""
    client._endpoint.http_session.send(request)
    return refusal(request, 500, "InternalError")


def breaks_off(request: Any, _: Any) -> AWSResponse:
    """Of what was announced, half arrives."""
    return answer(request, 206, b"hello", {"content-length": "10", "etag": '"e"'})


def refusal(request: Any, status: int, code: str) -> AWSResponse:
    text = f"<Error><Code>{code}</Code><Message>No</Message></Error>"
    return answer(request, status, text.encode(), {})


def answer(request: Any, status: int, body: bytes, headers: Any) -> AWSResponse:
    return AWSResponse(request.url, status, headers, _Body(body))


class _Body(BytesIO):
    """As much of urllib3's response as botocore reads."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


class Interference:
    """Takes note of what a client of boto3 asks S3, and lets some of it fail at each attempt."""

    def __init__(self, client: Any) -> None:
        self.seen: list[Call] = []
        self._client = client
        self._misbehave: Misbehaviour | None = None
        self._concerned: Callable[[Call], bool] = bool
        self.harmed: set[Call] = set()
        self._alike: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()
        self._here = local()
        self._client.meta.events.register("before-call.s3", self._begin)
        self._client.meta.events.register("before-send.s3", self._send)

    def start(
        self, misbehave: Misbehaviour | None = None, concerned: Callable[[Call], bool] = bool
    ) -> None:
        """From now on, and counting from 1 again."""
        self._misbehave, self._concerned = misbehave, concerned
        self._alike.clear()
        self.seen.clear()
        self.harmed.clear()

    def has_seen(self, call: Call, _: Call) -> bool:
        return call in self.seen

    def _begin(self, model: Any, params: Any, **_: Any) -> None:
        name = params["url_path"].rsplit("/", 1)[1]
        # Parts go up in any order.
        alike = (model.name, f"{name} {params['query_string'].get('partNumber', '')}".rstrip())
        with self._lock:
            self._alike[alike] += 1
            self._here.call = Call(*alike, self._alike[alike])
            self.seen.append(self._here.call)

    def _send(self, request: Any, **_: Any) -> AWSResponse | None:
        if self._misbehave is None or not self._concerned(self._here.call):
            return None
        self.harmed.add(self._here.call)
        return self._misbehave(request, self._client)
