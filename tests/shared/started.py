"""The functions, started as Lambda starts them."""

import importlib
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from foretell.contract import ModelName
from foretell.registry import Registry, RegistryAddress, connect
from tests.shared.lambda_events import Context, http_event
from training.publish import promote, publish

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


@dataclass(frozen=True)
class Told:
    """What a function answered."""

    status: int
    media_type: str
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Functions:
    """All functions, each to be called by the path it is reached at."""

    handlers: Mapping[ModelName, Handler]

    def get(self, path: str, query: str = "") -> Told:
        event = http_event("GET", path) | {"rawQueryString": query}
        return self._call(ModelName.COMPREHENSIVE, event)

    def post(
        self,
        path: str,
        body: object,
        content_type: str | None = "application/json",
        query: str = "",
    ) -> Told:
        """A body that is text is sent as it is."""
        model = ModelName(path.split("/")[2])
        event = http_event("POST", path, body, content_type)
        return self._call(model, event | {"rawQueryString": query})

    def _call(self, model: ModelName, event: dict[str, Any]) -> Told:
        answer = self.handlers[model](event, Context())
        return Told(answer["statusCode"], answer["headers"]["content-type"], answer["body"])


def start_functions(monkeypatch: pytest.MonkeyPatch, registry: Registry) -> Functions:
    """The functions, started anew on a registry."""
    monkeypatch.setenv("FORETELL_REGISTRY", str(registry.address))
    return Functions(
        {
            model: importlib.reload(importlib.import_module(f"functions.{model}.app")).handler
            for model in ModelName
        }
    )


@contextmanager
def live_functions(trained: Any) -> Iterator[Functions]:
    """The functions on a registry of their own, in which the trained version is live."""
    registry = connect(RegistryAddress(f"registry-{uuid.uuid4().hex}", "shop"))
    registry.s3.create_bucket(Bucket=registry.address.bucket)
    publish(registry, trained.manifest, trained.files)
    promote(registry, trained.version, None)
    with pytest.MonkeyPatch.context() as patch:
        yield start_functions(patch, registry)
