"""Asked whatever the OpenAPI document allows, and what it does not, the API does as it says."""

import os
import uuid
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from schemathesis.checks import CheckContext
from schemathesis.config import SchemathesisConfig
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case
from schemathesis.specs.openapi.checks import negative_data_rejection
from starlette.types import ASGIApp

from foretell.portfolio import buckets
from infra.api import model_examples, portfolio_examples
from infra.api.document import openapi
from infra.local.gateway import function_apps, gateway
from tests.shared.started import live_functions

# A thorough run: FORETELL_EXAMPLES=500 pytest tests/integration/infra/test_conformance.py
EXAMPLES = int(os.environ.get("FORETELL_EXAMPLES", "12"))
CONFIG = SchemathesisConfig.from_dict(
    {
        "seed": 1,
        "generation": {
            "max-examples": EXAMPLES,
            "deterministic": "FORETELL_EXAMPLES" not in os.environ,
            "database": "none",
        },
        # No request changes anything, so an order of requests is no more than the requests.
        "phases": {"stateful": {"enabled": False}},
        "checks": {
            # 413 is how a batch of more than a thousand records is refused.
            "negative_data_rejection": {"expected-statuses": ["413", "415", "422"]},
            # Stricter than what schemathesis takes for acceptance.
            "positive_data_acceptance": {"expected-statuses": ["200"]},
        },
        # Of the ids that can be, nearly all are of no run; and what is no id is of none, either.
        "operations": [
            {
                "include-path": portfolio_examples.RUN,
                "checks": {
                    "negative_data_rejection": {"expected-statuses": ["404"]},
                    "positive_data_acceptance": {"expected-statuses": ["200", "404"]},
                },
            },
            # A parameter that is not documented is refused as everywhere; a version, as a run.
            {
                "include-path": model_examples.CARD,
                "checks": {
                    "negative_data_rejection": {"expected-statuses": ["404", "422"]},
                    "positive_data_acceptance": {"expected-statuses": ["200", "404"]},
                },
            },
        ],
    }
)
DOCUMENT = openapi()
RECORD = jsonschema_rs.Draft202012Validator(DOCUMENT["components"]["schemas"]["CustomerRecord"])

documented = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)


@pytest.fixture(scope="module")
def api(trained: Any) -> Iterator[ASGIApp]:
    """The functions behind the gateway, with a live version."""
    with live_functions(trained), pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORETELL_UPLOADS", "uploads")
        patch.setenv("FORETELL_RESULTS", f"results-{uuid.uuid4().hex}")
        found = buckets.from_environment()
        found.s3.create_bucket(Bucket=found.results)
        yield gateway(function_apps(), site=nothing_else)


async def nothing_else(*_: Any) -> None:
    """In the site's place: what the document names is not the site's to answer."""
    pytest.fail("a request of the document went to the site")


def in_order(body: Any) -> Any:
    """The one rule that a JSON schema cannot tell, and the document's text does.

    The last purchase is no earlier than the first; whatever else is wrong with a record stays so.
    """
    if isinstance(body, dict) and isinstance(body.get("records"), list):
        return {**body, "records": [in_order(record) for record in body["records"]]}
    days = (body.get("recency"), body.get("tenure_days")) if isinstance(body, dict) else ()
    if not days or not all(type(day) in {int, float} for day in days):
        return body
    return {**body, "recency": min(days), "tenure_days": max(days)}


def faulty_records(batch: Any) -> int:
    """How many records of a batch the document does not allow; 0 where it is none."""
    records = batch.get("records") if isinstance(batch, dict) else None
    return sum(not RECORD.is_valid(each) for each in records) if isinstance(records, list) else 0


def faults_are_answered_in_place(ctx: CheckContext, response: Response, case: Case) -> None:
    """A faulty record of a batch holds up no other: the answer is 200, and counts it as refused.

    All else that is wrong with a batch is to be rejected as it is everywhere.
    """
    faulty = faulty_records(case.body)
    if response.status_code == 200:
        assert response.json()["refused"] == faulty
    if not faulty:
        negative_data_rejection(ctx, response, case)


@documented.parametrize()
def test_every_operation_does_as_documented(case: Case, api: ASGIApp) -> None:
    case.body = in_order(case.body)
    in_place = case.operation.path.endswith("/batch")
    case.call_and_validate(
        app=api,
        additional_checks=[faults_are_answered_in_place] if in_place else [],
        excluded_checks=[negative_data_rejection] if in_place else [],
    )
