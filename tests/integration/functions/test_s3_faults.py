"""S3 fails at night: a function that has a model goes on, and one that has none says why."""

import importlib
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest

from foretell import live
from foretell.manifest import Manifest
from foretell.registry import Registry
from foretell.s3 import Patience
from tests.shared.faulty_s3 import Fault, FaultyS3, faulty_s3
from tests.shared.lambda_events import Context, http_event
from training.publish import promote, publish

RECORD = {"tenure_days": 412, "recency": 21, "frequency": 0.95, "monetary": 1240.5}
READ_TIMEOUT = 1.5
PROMPTLY = live.PATIENCE_SECONDS + 0.75
"""Seconds; what is above the patience is for a busy machine, and still short of READ_TIMEOUT."""


@dataclass(frozen=True)
class Answer:
    """What a function answered, and after how many seconds."""

    status: int
    body: dict[str, Any]
    media_type: str
    seconds: float

    @property
    def version(self) -> str:
        assert self.status == 200, self.body
        return str(self.body["model_version"])


@dataclass(frozen=True)
class Night:
    """The version that is live, or shall be, and the S3 that it is read from."""

    s3: FaultyS3
    registry: Registry
    version: str
    files: dict[str, bytes]

    @classmethod
    def of(cls, s3: FaultyS3, registry: Registry, version: str, trained: Any) -> "Night":
        manifest: Manifest = registry.manifest(version)
        return cls(s3, registry, version, {**trained.files, "manifest.json": manifest.to_bytes()})

    def put(self, name: str, body: bytes) -> None:
        """Write over a file of the version."""
        key = self.registry.address.file(self.version, name)
        self.registry.s3.put_object(Bucket=self.registry.address.bucket, Key=key, Body=body)

    def delete(self, name: str) -> None:
        """Take away a file of the version."""
        key = self.registry.address.file(self.version, name)
        self.registry.s3.delete_object(Bucket=self.registry.address.bucket, Key=key)


@dataclass(frozen=True)
class Trouble:
    """What goes wrong, how it ends, what is said of it, and whether the pointer can be read."""

    begin: Callable[[Night], None]
    end: Callable[[Night], None]
    reason: str
    pointer_is_read: bool


def s3_is(fault: Fault, reason: str, only: str = "") -> Trouble:
    return Trouble(
        begin=lambda night: night.s3.behave(fault, only),
        end=lambda night: night.s3.behave(Fault.NONE),
        reason=reason,
        pointer_is_read=bool(only),
    )


TROUBLES = {
    "refused connection": s3_is(Fault.REFUSED, "ConnectionRefusedError"),
    "stalled connection": s3_is(Fault.STALLED, "TimeoutError"),
    "truncated object": s3_is(Fault.TRUNCATED, "IncompleteRead", only=".onnx"),
    "wrong digest": Trouble(
        begin=lambda night: night.put("clv.onnx", night.files["clv.onnx"][::-1]),
        end=lambda night: night.put("clv.onnx", night.files["clv.onnx"]),
        reason=r"clv\.onnx .* is not the file that was published",
        pointer_is_read=True,
    ),
    "access denied": s3_is(Fault.ACCESS_DENIED, "is denied: check the credentials"),
    "missing version": Trouble(
        begin=lambda night: night.delete("manifest.json"),
        end=lambda night: night.put("manifest.json", night.files["manifest.json"]),
        reason=r"has no manifest\.json",
        pointer_is_read=True,
    ),
}


@dataclass
class Telemetry:
    """What the model in service counted, and what it logged as an error."""

    counted: list[str] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)

    def count(self, name: str, value: float = 1) -> None:
        self.counted.append(name)

    def error(self, message: str, **fields: Any) -> None:
        self.errors.append(fields)

    def info(self, message: str, **fields: Any) -> None:
        """Not of interest."""

    warning = info

    def named(self, reason: str) -> list[dict[str, Any]]:
        """Errors for that reason."""
        return [error for error in self.errors if re.search(reason, error["reason"])]


@pytest.fixture
def s3(
    s3_endpoint: str, live_registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FaultyS3]:
    """What comes between S3 and a function that looks at the pointer with every request."""
    monkeypatch.setattr("foretell.registry.FOR_A_FUNCTION", Patience(0.5, READ_TIMEOUT, 1))
    monkeypatch.setenv("FORETELL_REGISTRY", str(live_registry.address))
    monkeypatch.setenv("FORETELL_REFRESH_SECONDS", "0")
    with faulty_s3(s3_endpoint) as s3:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.endpoint)
        yield s3


@pytest.fixture
def evening(s3: FaultyS3, live_registry: Registry, trained: Any) -> Night:
    """The version that is live to begin with."""
    return Night.of(s3, live_registry, trained.version, trained)


@pytest.fixture
def promote_newer(evening: Night, trained: Any) -> Callable[[], Night]:
    """Makes another version live."""

    def newer() -> Night:
        manifest = trained.manifest.model_copy(update={"horizon_days": 90})
        version = publish(evening.registry, manifest, trained.files)
        promote(evening.registry, version, evening.registry.live())
        return Night.of(evening.s3, evening.registry, version, trained)

    return newer


@pytest.fixture
def telemetry(monkeypatch: pytest.MonkeyPatch) -> Telemetry:
    seen = Telemetry()
    monkeypatch.setattr("foretell.live.count", seen.count)
    monkeypatch.setattr("foretell.live.logger", seen)
    return seen


def start() -> ModuleType:
    """The CLV function, started anew as Lambda does."""
    return importlib.reload(importlib.import_module("functions.clv.app"))


def predict(function: ModuleType) -> Answer:
    began = time.perf_counter()
    answer = function.handler(http_event("POST", "/predict/clv", RECORD), Context())
    seconds = time.perf_counter() - began
    media_type = answer["headers"]["content-type"]
    return Answer(answer["statusCode"], json.loads(answer["body"]), media_type, seconds)


def predict_until(function: ModuleType, reached: Callable[[Answer], object]) -> list[Answer]:
    """Requests without pause; with the last answer that is the case which is waited for."""
    deadline = time.monotonic() + 10
    answers = [predict(function)]
    while not reached(answers[-1]):
        assert time.monotonic() < deadline, answers[-1]
        answers.append(predict(function))
    return answers


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_a_function_without_a_model_says_why_and_needs_no_restart(
    trouble: Trouble, evening: Night
) -> None:
    trouble.begin(evening)
    function = start()

    answer = predict(function)

    assert (answer.status, answer.media_type) == (503, "application/problem+json")
    assert re.search(trouble.reason, answer.body["detail"])

    trouble.end(evening)

    assert predict(function).version == evening.version


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_a_function_with_a_model_goes_on_and_takes_up_the_next_one_later(
    trouble: Trouble,
    evening: Night,
    promote_newer: Callable[[], Night],
    telemetry: Telemetry,
) -> None:
    function = start()
    assert predict(function).version == evening.version
    newer = promote_newer()
    trouble.begin(newer)

    meanwhile = predict_until(function, lambda _: telemetry.named(trouble.reason))

    assert {answer.version for answer in meanwhile} == {evening.version}
    assert max(answer.seconds for answer in meanwhile) < PROMPTLY
    assert "ModelRefreshFailed" in telemetry.counted
    told = telemetry.named(trouble.reason)[0]
    assert told["model_version"] == evening.version
    assert told["refused_version"] == (newer.version if trouble.pointer_is_read else None)

    trouble.end(newer)

    afterwards = predict_until(function, lambda answer: answer.version == newer.version)
    assert {answer.version for answer in afterwards} <= {evening.version, newer.version}
