"""What a function tells of versions: how the live one came to be live, and the card of any."""

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from foretell.contract import ModelName
from foretell.manifest import CARD, sha256, version_id
from foretell.registry import Registry
from tests.shared.lambda_events import Context, http_event
from training.publish import live_or_none, promote, publish, rollback

HISTORY = "/model/history"
CARDS = "/model/card"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def problem(self) -> tuple[int, str]:
        """Status and kind of a problem document."""
        assert self.headers["content-type"] == "application/problem+json"
        return self.status, self.body["type"].removeprefix("urn:foretell:problem:")


Get = Callable[..., Answer]


@pytest.fixture
def get(monkeypatch: pytest.MonkeyPatch, live_registry: Registry) -> Get:
    """Asks the function that describes the live version, started as Lambda does."""
    monkeypatch.setenv("FORETELL_REGISTRY", str(live_registry.address))
    module = importlib.reload(importlib.import_module(f"functions.{ModelName.COMPREHENSIVE}.app"))

    def ask(path: str, query: str = "") -> Answer:
        event = http_event("GET", path) | {"rawQueryString": query}
        answer = module.handler(event, Context())
        assert not answer["isBase64Encoded"]
        return Answer(answer["statusCode"], answer["headers"], answer["body"])

    return ask


@pytest.fixture
def another(live_registry: Registry, trained: Any) -> str:
    """A version that was published, and never live, with a card of its own."""
    files = {**trained.files, CARD: b"<!doctype html><title>Another</title>"}
    entries = dict(trained.manifest.files)
    entries[CARD] = entries[CARD].model_copy(
        update={"sha256": sha256(files[CARD]), "size": len(files[CARD])}
    )
    manifest = trained.manifest.model_copy(update={"files": entries})
    return publish(live_registry, manifest, files)


class TestHistory:
    """GET /model/history."""

    def test_each_change_of_the_live_version_is_told(
        self, get: Get, live_registry: Registry, trained: Any, another: str
    ) -> None:
        promote(live_registry, another, live_or_none(live_registry))
        rollback(live_registry)

        told = get(HISTORY)

        assert (told.status, told.headers["content-type"]) == (200, "application/json")
        assert told.body["model_version"] == trained.version
        assert told.body["complete"] is True
        assert [
            (each["version"], each["action"], each["live"]) for each in told.body["changes"]
        ] == [
            (trained.version, "rollback", True),
            (another, "promote", False),
            (trained.version, "promote", True),
        ]

    def test_a_change_is_told_with_the_measures_of_the_model(self, get: Get) -> None:
        described, (change,) = get("/model").body, get(HISTORY).body["changes"]

        assert change["metrics"] == described["metrics"]
        assert change["gates"] == described["gates"]
        assert change["customers"] == described["data"]["customers"]

    def test_a_promotion_is_told_at_once(
        self, get: Get, live_registry: Registry, another: str
    ) -> None:
        before = get(HISTORY).body["model_version"]

        promote(live_registry, another, live_or_none(live_registry))

        assert before != another
        assert get(HISTORY).body["model_version"] == another

    def test_a_registry_that_is_not_there_is_a_problem(
        self, get: Get, live_registry: Registry
    ) -> None:
        bucket = live_registry.s3
        for item in bucket.list_objects_v2(Bucket=live_registry.address.bucket)["Contents"]:
            bucket.delete_object(Bucket=live_registry.address.bucket, Key=item["Key"])
        bucket.delete_bucket(Bucket=live_registry.address.bucket)

        assert get(HISTORY).problem == (503, "registry-unreachable")


class TestCard:
    """GET /model/card."""

    def test_by_default_it_is_that_of_the_version_in_service(self, get: Get, trained: Any) -> None:
        card = get(CARDS)

        assert card.status == 200
        assert card.text.encode() == trained.files[CARD]

    def test_it_is_a_file_to_keep_and_no_page_of_this_site(self, get: Get, trained: Any) -> None:
        headers = get(CARDS).headers

        assert headers["content-type"] == "text/html; charset=utf-8"
        assert headers["content-disposition"] == (
            f'attachment; filename="foretell-model-card-{trained.version}.html"'
        )
        assert headers["x-content-type-options"] == "nosniff"
        policy = headers["content-security-policy"].split("; ")
        assert {"sandbox", "default-src 'none'"} <= set(policy)

    def test_it_fits_what_lambda_can_answer(self, get: Get) -> None:
        # 6 MB, of which quotes and line breaks take two characters in Lambda's JSON.
        assert len(json.dumps(get(CARDS).text)) < 1_000_000

    def test_that_of_any_version_is_to_be_had(self, get: Get, another: str) -> None:
        card = get(CARDS, f"version={another}")

        assert card.status == 200
        assert card.text == "<!doctype html><title>Another</title>"
        assert another in card.headers["content-disposition"]

    @pytest.mark.parametrize(
        "version",
        ["2026-03-12-0123456789ab", "newest", "", "../production.json", "%0d%0aSet-Cookie:+a=b"],
    )
    def test_of_what_is_no_version_there_is_none(self, get: Get, version: str) -> None:
        answer = get(CARDS, f"version={version}")

        assert answer.problem == (404, "card-not-found")
        assert "no version has that id" in answer.body["detail"]
        assert not version or version not in answer.text

    def test_a_version_may_have_none(self, get: Get, live_registry: Registry, trained: Any) -> None:
        files = {name: entry for name, entry in trained.manifest.files.items() if name != CARD}
        without = trained.manifest.model_copy(update={"files": files})
        version = publish(live_registry, without, {name: trained.files[name] for name in files})

        answer = get(CARDS, f"version={version}")

        assert answer.problem == (404, "card-not-found")
        assert "published without a model card" in answer.body["detail"]

    def test_it_may_have_been_deleted(
        self, get: Get, live_registry: Registry, trained: Any
    ) -> None:
        key = live_registry.address.file(trained.version, CARD)
        live_registry.s3.delete_object(Bucket=live_registry.address.bucket, Key=key)

        for query in ("", f"version={trained.version}"):
            answer = get(CARDS, query)

            assert answer.problem == (404, "card-not-found")
            assert "no longer there" in answer.body["detail"]

    def test_of_another_release_it_cannot_be_verified(
        self, get: Get, live_registry: Registry, trained: Any
    ) -> None:
        manifest = b'{"schema_version": 1}'
        version = version_id(trained.manifest.data.as_of, manifest)
        key = live_registry.address.manifest(version)
        live_registry.s3.put_object(Bucket=live_registry.address.bucket, Key=key, Body=manifest)

        answer = get(CARDS, f"version={version}")

        assert answer.problem == (404, "card-not-found")
        assert "another release" in answer.body["detail"]

    def test_one_that_was_tampered_with_is_not_handed_out(
        self, get: Get, live_registry: Registry, trained: Any
    ) -> None:
        key = live_registry.address.file(trained.version, CARD)
        live_registry.s3.put_object(
            Bucket=live_registry.address.bucket, Key=key, Body=b"<script>alert(1)</script>"
        )

        answer = get(CARDS)

        assert answer.problem == (503, "digest-mismatch")
        assert "script" not in answer.text

    @pytest.mark.parametrize(
        ("query", "field", "reason"),
        [
            ("format=pdf", "format", "Unknown query parameter"),
            ("version=a&version=b", "version", "Field given more than once"),
        ],
    )
    def test_what_else_is_asked_for_is_refused(
        self, get: Get, query: str, field: str, reason: str
    ) -> None:
        answer = get(CARDS, query)

        assert answer.problem == (422, "invalid-record")
        assert answer.body["errors"] == [{"field": field, "reason": reason}]
