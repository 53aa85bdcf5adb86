"""What is asked of AWS: requests and answers as its own service descriptions have them.

botocore's Stubber refuses a request or an answer that the service's description does not allow.
"""

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from infra.cloud.aws import Aws
from infra.cloud.errors import NotReady
from infra.cloud.preflight import Concurrency
from infra.cloud.stack import Resource

ARN = "arn:aws:cloudformation:eu-central-1:123456789012:stack/foretell-dev-Buckets-1/1"


@pytest.fixture
def service():
    """A client of a service, with answers put in its mouth."""
    stubbers = []

    def stubbed(name, *answers):
        client = boto3.client(name, region_name="eu-central-1")
        stubber = Stubber(client)
        for method, answer, asked in answers:
            if isinstance(answer, str):
                stubber.add_client_error(method, "ValidationError", answer)
            else:
                stubber.add_response(method, answer, asked)
        stubber.activate()
        stubbers.append(stubber)
        return client

    yield stubbed
    for stubber in stubbers:
        stubber.assert_no_pending_responses()


def aws(**clients):
    return Aws(**dict.fromkeys(("cloudformation", "cloudfront", "functions", "identity")) | clients)


def test_an_account_is_told_by_its_number(service):
    identity = service("sts", ("get_caller_identity", {"Account": "123456789012"}, {}))

    assert aws(identity=identity).account() == "123456789012"


def test_credentials_that_are_not_accepted_say_what_to_do(service):
    identity = service("sts", ("get_caller_identity", "expired", {}))

    with pytest.raises(NotReady, match="aws sso login"):
        aws(identity=identity).account()


def test_an_aws_that_cannot_be_reached_is_not_mistaken_for_one_that_refuses():
    once = Config(retries={"max_attempts": 0}, connect_timeout=2)
    nobody = boto3.client("sts", endpoint_url="http://127.0.0.1:9", config=once)

    with pytest.raises(NotReady, match="cannot be reached"):
        aws(identity=nobody).account()


def test_the_account_says_how_many_executions_it_may_have(service):
    limit = {"ConcurrentExecutions": 1_000, "UnreservedConcurrentExecutions": 950}
    functions = service("lambda", ("get_account_settings", {"AccountLimit": limit}, {}))

    assert aws(functions=functions).concurrency() == Concurrency(1_000, 950)


def described(**said):
    return {"Stacks": [{"StackName": "shop", "CreationTime": 0, "StackStatus": "A", **said}]}


def test_a_stack_is_its_outputs_and_parameters(service):
    answer = described(
        Outputs=[{"OutputKey": "ApiUrl", "OutputValue": "https://api"}],
        Parameters=[{"ParameterKey": "BatchConcurrency", "ParameterValue": "50"}],
    )
    cloudformation = service("cloudformation", ("describe_stacks", answer, {"StackName": "shop"}))

    found = aws(cloudformation=cloudformation).stack("shop")

    assert found is not None
    assert (found.output("ApiUrl"), found.reserved("BatchConcurrency")) == ("https://api", 50)


def test_a_stack_that_is_not_there_is_none(service):
    said = "Stack with id shop does not exist"
    cloudformation = service("cloudformation", ("describe_stacks", said, {}))

    assert aws(cloudformation=cloudformation).stack("shop") is None


def listed(*resources):
    return {
        "StackResourceSummaries": [
            {
                "LogicalResourceId": logical,
                "PhysicalResourceId": physical,
                "ResourceType": kind,
                "ResourceStatus": status,
                "LastUpdatedTimestamp": 0,
            }
            for logical, physical, kind, status in resources
        ]
    }


def test_what_belongs_to_a_stack_is_found_in_nested_ones_too(service):
    """And what stays is known by the policy in the template that was deployed."""
    whole = {"TemplateBody": '{"Resources": {"Buckets": {}, "Logs": {"DeletionPolicy": "Delete"}}}'}
    nested = {"TemplateBody": "Resources:\n  Models:\n    DeletionPolicy: Retain\n"}
    cloudformation = service(
        "cloudformation",
        ("get_template", whole, {"StackName": "shop", "TemplateStage": "Processed"}),
        (
            "list_stack_resources",
            listed(
                ("Buckets", ARN, "AWS::CloudFormation::Stack", "CREATE_COMPLETE"),
                ("Logs", "/shop", "AWS::Logs::LogGroup", "CREATE_COMPLETE"),
                ("Old", "x", "AWS::S3::Bucket", "DELETE_COMPLETE"),
            ),
            {"StackName": "shop"},
        ),
        ("get_template", nested, {"StackName": ARN, "TemplateStage": "Processed"}),
        (
            "list_stack_resources",
            listed(("Models", "shop-models", "AWS::S3::Bucket", "CREATE_COMPLETE")),
            {"StackName": ARN},
        ),
    )

    found = list(aws(cloudformation=cloudformation).resources("shop"))

    assert found == [
        Resource("Models", "AWS::S3::Bucket", "shop-models", retained=True),
        Resource("Logs", "AWS::Logs::LogGroup", "/shop", retained=False),
    ]


def test_cloudfront_is_told_to_forget_everything(service):
    invalidation = {
        "Invalidation": {
            "Id": "I1",
            "Status": "InProgress",
            "CreateTime": 0,
            "InvalidationBatch": {"Paths": {"Quantity": 1}, "CallerReference": "now"},
        }
    }
    asked = {
        "DistributionId": "E1",
        "InvalidationBatch": {
            "Paths": {"Quantity": 1, "Items": ["/*"]},
            "CallerReference": "now",
        },
    }
    cloudfront = service("cloudfront", ("create_invalidation", invalidation, asked))

    aws(cloudfront=cloudfront).invalidate("E1", "now")
