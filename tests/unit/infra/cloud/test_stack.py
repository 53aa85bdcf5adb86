"""What a stack says of itself, what stays of it, and what its page is told."""

import json

import pytest

from infra.cloud.errors import StackNotReadable
from infra.cloud.page_config import page_config
from infra.cloud.stack import Resource, by_type, how_to_delete, kept
from infra.cloud.summary import summary
from tests.shared import deployed

LAYER = "arn:aws:lambda:eu-central-1:123456789012:layer:foretell-dev-runtime"


def resource(kind, physical_id="x", *, retained=True):
    return Resource("Logical", kind, physical_id, retained)


class TestOutputs:
    """An output that is missing is named."""

    def test_a_missing_output_is_named_with_the_stack(self):
        with pytest.raises(StackNotReadable, match="foretell-dev has no output ApiUrl"):
            deployed.stack(without=("ApiUrl",)).output("ApiUrl")

    @pytest.mark.parametrize(("said", "reserved"), [("50", 50), ("0", 0), ("", 0)])
    def test_a_parameter_that_counts_is_a_number(self, said, reserved):
        found = deployed.stack(parameters={"BatchConcurrency": said})

        assert found.reserved("BatchConcurrency") == reserved


class TestPageConfig:
    """config.json: enough for authorisation code with PKCE by OIDC discovery."""

    def test_it_says_where_the_api_is_and_how_to_sign_in(self):
        document = json.loads(page_config(deployed.stack()).to_bytes())

        assert document == {
            "api_url": "https://a1b2c3.execute-api.eu-central-1.amazonaws.com",
            "sign_in": {
                "issuer": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab1",
                "client_id": "page-client",
                "scopes": ["openid", "foretell/predict", "foretell/upload"],
                "url": "https://foretell-1.auth.eu-central-1.amazoncognito.com",
            },
            "currency": "EUR",
        }

    def test_a_currency_nobody_chose_is_left_open(self):
        assert page_config(deployed.stack(without=("Currency",))).currency is None

    def test_with_another_issuer_it_leaves_open_what_only_that_one_knows(self):
        own = deployed.stack(without=deployed.OF_THE_POOL, Issuer="https://login.example.com/")

        sign_in = page_config(own).sign_in

        assert sign_in.issuer == "https://login.example.com"
        assert sign_in.client_id is None
        assert sign_in.url is None

    def test_an_address_ends_without_a_slash(self):
        assert page_config(deployed.stack(ApiUrl="https://api/")).api_url == "https://api"

    def test_no_secret_is_in_it(self):
        assert b"server-client" not in page_config(deployed.stack()).to_bytes()


class TestWhatStays:
    """Buckets that hold data stay; each comes with the command that deletes it."""

    def test_what_is_retained_stays(self):
        models, site = resource("AWS::S3::Bucket"), resource("AWS::S3::Bucket", retained=False)

        assert kept([models, site]) == [models]

    def test_a_version_of_a_function_goes_with_the_function(self):
        assert kept([resource("AWS::Lambda::Version")]) == []

    @pytest.mark.parametrize(
        ("kind", "physical_id", "command"),
        [
            (
                "AWS::S3::Bucket",
                "shop-models",
                ".venv/bin/python -m infra.cloud delete-bucket shop-models",
            ),
            ("AWS::Logs::LogGroup", "/a", "aws logs delete-log-group --log-group-name /a"),
            (
                "AWS::Cognito::UserPool",
                "eu_1",
                "aws cognito-idp delete-user-pool --user-pool-id eu_1",
            ),
            (
                "AWS::ECR::Repository",
                "training",
                "aws ecr delete-repository --force --repository-name training",
            ),
            (
                "AWS::Lambda::LayerVersion",
                f"{LAYER}:7",
                f"aws lambda delete-layer-version --layer-name {LAYER} --version-number 7",
            ),
            ("AWS::DynamoDB::Table", "t", None),
        ],
    )
    def test_each_has_its_command(self, kind, physical_id, command):
        assert how_to_delete(resource(kind, physical_id)) == command

    def test_resources_are_counted_by_type(self):
        found = by_type([resource("B"), resource("A"), resource("B")])

        assert list(found.items()) == [("A", 1), ("B", 2)]


class TestSummary:
    """What is printed at the end of a deployment."""

    def test_it_tells_how_to_make_a_user_get_a_token_and_ask(self):
        told = summary(deployed.stack(), "eu-central-1")

        assert "admin-create-user --region eu-central-1 --user-pool-id eu-central-1_Ab1" in told
        assert "--client-id server-client" in told
        assert "/oauth2/token" in told
        assert "curl https://a1b2c3.execute-api.eu-central-1.amazonaws.com/predict/" in told

    @pytest.mark.parametrize(("email", "told"), [("", True), ("me@example.com", False)])
    def test_it_says_if_nobody_hears_of_alarms(self, email, told):
        stack = deployed.stack(parameters={"AlarmEmail": email})

        assert ("Nobody hears of alarms" in summary(stack, "eu-central-1")) == told

    def test_with_another_issuer_it_sends_there(self):
        own = deployed.stack(without=deployed.OF_THE_POOL, Issuer="https://login.example.com")

        told = summary(own, "eu-central-1")

        assert "https://login.example.com" in told
        assert "cognito" not in told
