"""What the rules stand on: small stacks, put together as CloudFormation would."""

from typing import Any

import pytest

from tests.infra.stack.deployment import Deployment, Templates, deploy, references
from tests.infra.stack.evaluation import NOTHING, Stack
from tests.infra.stack.rules.graph import circular, naming_what_is_not_there

TEXT = {"Type": "String"}


def deployed(root: dict[str, Any], parameters: Any = None, **nested: dict[str, Any]) -> Deployment:
    templates = {"template.yaml": root, **{f"{name}.yaml": each for name, each in nested.items()}}
    return deploy(Templates(templates, templates), parameters)


def nested(name: str, **parameters: Any) -> dict[str, Any]:
    properties = {"TemplateURL": f"{name}.yaml", "Parameters": parameters}
    return {"Type": "AWS::CloudFormation::Stack", "Properties": properties}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("text", "text"),
        ({"Ref": "Queue"}, "${Queue}"),
        ({"Ref": "Size"}, "small"),
        ({"Ref": "Hosts"}, ["a", "b"]),
        ({"Ref": "Unset"}, "${Unset}"),
        ({"Ref": "AWS::Region"}, "${AWS::Region}"),
        ({"Ref": "AWS::NoValue"}, NOTHING),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "${Queue.Arn}"),
        ({"Fn::GetAtt": "Queue.Arn"}, "${Queue.Arn}"),
        ({"Fn::Sub": "s3://${Size}/${Queue.Arn}/${!kept}"}, "s3://small/${Queue.Arn}/${kept}"),
        ({"Fn::Sub": ["${Own}-${Size}", {"Own": {"Ref": "Queue"}}]}, "${Queue}-small"),
        ({"Fn::Join": ["/", ["a", {"Ref": "Size"}]]}, "a/small"),
        ({"Fn::Select": [1, {"Fn::Split": ["/", "a/b"]}]}, "b"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Size"}, "Disk"]}, 21),
        ({"Fn::If": ["IsSmall", "yes", "no"]}, "yes"),
        ({"Fn::If": ["IsLarge", "yes", {"Ref": "AWS::NoValue"}]}, NOTHING),
        ({"Fn::If": ["IsEither", "yes", "no"]}, "yes"),
        ({"Fn::If": ["IsBoth", "yes", "no"]}, "no"),
        ([1, {"Ref": "AWS::NoValue"}, {"a": {"Ref": "AWS::NoValue"}}], [1, {}]),
        ({"Ref": "Queue", "Other": 1}, {"Ref": "Queue", "Other": 1}),
    ],
)
def test_what_is_known_is_put_in_and_references_stay(written: Any, meant: Any) -> None:
    small = {"Fn::Equals": [{"Ref": "Size"}, "small"]}
    stack = Stack(
        "template.yaml",
        {
            "Parameters": {
                "Size": {**TEXT, "Default": "small"},
                "Hosts": {"Type": "CommaDelimitedList", "Default": "a,b"},
                "Unset": TEXT,
            },
            "Mappings": {"Sizes": {"small": {"Disk": 21}}},
            "Conditions": {
                "IsSmall": small,
                "IsLarge": {"Fn::Not": [{"Condition": "IsSmall"}]},
                "IsEither": {"Fn::Or": [{"Condition": "IsLarge"}, {"Condition": "IsSmall"}]},
                "IsBoth": {"Fn::And": [{"Condition": "IsLarge"}, {"Condition": "IsSmall"}]},
            },
            "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
        },
    )

    assert stack.value(written) == meant


def test_parameters_and_outputs_lead_to_resources_of_other_stacks() -> None:
    root = {
        "Resources": {
            "Store": nested("store"),
            "Reader": nested("reader", Bucket={"Fn::GetAtt": ["Store", "Outputs.Bucket"]}),
        }
    }
    store = {
        "Resources": {"Files": {"Type": "AWS::S3::Bucket"}},
        "Outputs": {"Bucket": {"Value": {"Ref": "Files"}}},
    }
    reader = {
        "Parameters": {"Bucket": TEXT},
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {"On": {"Fn::Sub": "arn:${Bucket}/*"}},
            }
        },
    }

    deployment = deployed(root, store=store, reader=reader)

    (role,) = deployment.of("AWS::IAM::Role")
    assert role.address == "Reader.Role"
    assert role.properties == {"On": "arn:${Store.Files}/*"}
    assert deployment.named_in(role.properties) == deployment.at("Store.Files")


def test_what_its_condition_leaves_out_is_not_deployed() -> None:
    root = {
        "Parameters": {"Email": {**TEXT, "Default": ""}},
        "Conditions": {"HasEmail": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Email"}, ""]}]}},
        "Resources": {"Told": {"Type": "AWS::SNS::Subscription", "Condition": "HasEmail"}},
    }

    without, with_it = deployed(root), deployed(root, {"Email": "ada@example.com"})

    assert [each.name for each in without.resources] == []
    assert [each.name for each in with_it.resources] == ["Told"]


def test_an_attribute_names_its_resource_and_a_pseudo_parameter_none() -> None:
    assert list(references({"a": ["${Store.Files.Arn}/*", "${AWS::Region}"]})) == [
        "Store.Files.Arn",
        "Store.Files",
        "Store",
    ]


@pytest.mark.parametrize(
    "needs",
    [
        {"Properties": {"A": {"Ref": "Second"}}},
        {"Properties": {"A": {"Fn::GetAtt": ["Second", "Arn"]}}},
        {"Properties": {"A": [{"Fn::Sub": "x ${Second.Arn}"}]}},
        {"Properties": {"A": {"Fn::Sub": ["${B}", {"B": {"Ref": "Second"}}]}}},
        {"DependsOn": "Second"},
        {"DependsOn": ["Third", "Second"]},
    ],
)
def test_resources_that_need_each_other_are_found(needs: dict[str, Any]) -> None:
    root = {
        "Resources": {
            "First": {"Type": "A::B::C", **needs},
            "Second": {"Type": "A::B::C", "DependsOn": "First"},
            "Third": {"Type": "A::B::C"},
        }
    }

    (found,) = circular(deployed(root))

    assert "First needs Second" in found


def test_a_chain_of_resources_is_no_circle() -> None:
    root = {
        "Resources": {
            "First": {"Type": "A::B::C", "Properties": {"A": {"Fn::Sub": "${!Second} ${Third}"}}},
            "Second": {"Type": "A::B::C", "DependsOn": "First"},
            "Third": {"Type": "A::B::C"},
        }
    }

    assert list(circular(deployed(root))) == []


def test_stacks_that_feed_each_other_are_found() -> None:
    root = {
        "Resources": {
            "One": nested("part", Given={"Fn::GetAtt": ["Other", "Outputs.Made"]}),
            "Other": nested("part", Given={"Fn::GetAtt": ["One", "Outputs.Made"]}),
        }
    }
    part = {
        "Parameters": {"Given": TEXT},
        "Resources": {"Made": {"Type": "A::B::C", "Properties": {"A": {"Ref": "Given"}}}},
        "Outputs": {"Made": {"Value": {"Ref": "Made"}}},
    }

    (found,) = circular(deployed(root, part=part))

    assert "needs" in found


def test_a_branch_that_is_not_taken_needs_nothing() -> None:
    root = {
        "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
        "Resources": {
            "First": {
                "Type": "A::B::C",
                "Properties": {"A": {"Fn::If": ["Never", {"Ref": "Gone"}, "x"]}},
            },
            "Gone": {"Type": "A::B::C", "Condition": "Never", "DependsOn": "First"},
        },
    }

    assert list(circular(deployed(root))) == []
    assert list(naming_what_is_not_there(deployed(root))) == []
