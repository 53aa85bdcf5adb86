"""The mistakes that would hurt most, made in the templates as a person would make them.

Each goes through the SAM translator like the templates themselves. Layers that are too large are
found in tests/infra/artefacts.
"""

import copy
import functools
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.infra.stack.deployment import FILES, ROOT, Templates, deploy, translate
from tests.infra.stack.rules.graph import circular
from tests.infra.stack.rules.iam import wildcard_actions
from tests.infra.stack.rules.permissions import other_than_expected
from tests.infra.stack.rules.routes import open_routes
from tests.infra.stack.rules.storage import public_buckets, public_policies

Sources = dict[str, dict[str, Any]]


def open_route(sources: Sources) -> None:
    function = sources["template.yaml"]["Resources"]["ClvFunction"]["Properties"]
    function["Events"]["One"]["Properties"]["Auth"] = {"Authorizer": "NONE"}


def all_of_s3(sources: Sources) -> None:
    role = sources["template.yaml"]["Resources"]["PredictionRole"]["Properties"]
    role["Policies"][0]["PolicyDocument"]["Statement"][0]["Action"] = "s3:*"


def direct_event(sources: Sources) -> None:
    """The bucket tells the function that may read the bucket."""
    buckets = sources["infra/buckets.yaml"]
    buckets["Parameters"]["Scorer"] = {"Type": "String", "Description": "ARN of a function"}
    buckets["Resources"]["Uploads"]["Properties"]["NotificationConfiguration"] = {
        "LambdaConfigurations": [{"Event": "s3:ObjectCreated:*", "Function": {"Ref": "Scorer"}}]
    }
    root = sources["template.yaml"]["Resources"]
    root["Buckets"]["Properties"]["Parameters"]["Scorer"] = {"Fn::GetAtt": ["BatchFunction", "Arn"]}


def public_bucket(sources: Sources) -> None:
    buckets = sources["infra/buckets.yaml"]["Resources"]
    del buckets["Results"]["Properties"]["PublicAccessBlockConfiguration"]
    buckets["ResultsPolicy"]["Properties"]["PolicyDocument"]["Statement"].append(
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": {"Fn::Sub": "${Results.Arn}/*"},
        }
    )


MISTAKES: tuple[Callable[[Sources], None], ...] = (
    open_route,
    all_of_s3,
    direct_event,
    public_bucket,
)


@pytest.fixture(scope="module")
def broken() -> Mapping[str, Templates]:
    """The templates with one mistake each, by its name; all are translated at once."""
    asked = [
        {"template": source, "parameters": {}}
        for mistake in MISTAKES
        for source in with_mistake(mistake).values()
    ]
    told = iter(translate(asked))
    return {
        mistake.__name__: Templates.of({file: next(told) for file in FILES}) for mistake in MISTAKES
    }


def with_mistake(mistake: Callable[[Sources], None]) -> Sources:
    sources = copy.deepcopy(written())
    mistake(sources)
    return sources


@functools.cache
def written() -> Sources:
    told = translate([{"template": str(ROOT / file), "parameters": {}} for file in FILES])
    return Templates.of(dict(zip(FILES, told, strict=True))).sources


def test_an_open_route_is_found(broken: Mapping[str, Templates]) -> None:
    (found,) = open_routes(deploy(broken["open_route"]))

    assert "POST /predict/clv: is open to everybody" in found


def test_leave_to_do_anything_with_s3_is_found(broken: Mapping[str, Templates]) -> None:
    deployment = deploy(broken["all_of_s3"])

    (wildcard,) = wildcard_actions(deployment)
    unexpected = list(other_than_expected(deployment))

    assert "PredictionRole (AWS::IAM::Role): may do s3:*" in wildcard
    assert any("may s3:* on ${Buckets.Models.Arn}/models/*" in each for each in unexpected)


def test_a_direct_s3_event_that_makes_a_circle_is_found(broken: Mapping[str, Templates]) -> None:
    (found,) = circular(deploy(broken["direct_event"]))

    assert "BatchFunction" in found
    assert "Buckets" in found


def test_a_public_bucket_is_found(broken: Mapping[str, Templates]) -> None:
    deployment = deploy(broken["public_bucket"])

    buckets, policies = list(public_buckets(deployment)), list(public_policies(deployment))

    assert len(buckets) == 4
    assert all("infra/buckets.yaml: Results" in found for found in buckets)
    assert ["infra/buckets.yaml: ResultsPolicy" in found for found in policies] == [True]


def test_a_direct_s3_event_within_one_template_is_found() -> None:
    """What sam validate lets pass."""
    (told,) = translate([{"template": DIRECT, "parameters": {}}])

    (found,) = circular(deploy(Templates.of({"template.yaml": told})))

    assert "Uploads" in found


DIRECT = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Resources": {
        "Uploads": {"Type": "AWS::S3::Bucket"},
        "Scorer": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "CodeUri": "functions/batch",
                "Handler": "app.handler",
                "Runtime": "python3.13",
                "Policies": [
                    {
                        "Statement": {
                            "Effect": "Allow",
                            "Action": "s3:GetObject",
                            "Resource": {"Fn::Sub": "${Uploads.Arn}/*"},
                        }
                    }
                ],
                "Events": {
                    "Dropped": {
                        "Type": "S3",
                        "Properties": {
                            "Bucket": {"Ref": "Uploads"},
                            "Events": "s3:ObjectCreated:*",
                        },
                    }
                },
            },
        },
    },
}
