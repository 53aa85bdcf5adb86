"""A deployment from begin to end: a real S3, a real registry, and an AWS that is told what to say.

What `make` and `sam` would be run with is noted; neither is run.
"""

import json
from dataclasses import dataclass, field, replace

import pytest

from foretell.registry import RegistryAddress, connect
from foretell.tables import Sources
from infra.cloud import first_model
from infra.cloud.deploy import Deployment, deploy
from infra.cloud.errors import CommandFailed, NotAnswering, NotReady, StepFailed
from infra.cloud.preflight import Concurrency
from infra.cloud.settings import Settings
from tests.shared.deployed import FakeAws
from training.publish import promote, publish
from training.request import TrainingRequest

SETTINGS = Settings("prod", "foretell-prod", None, {"BatchConcurrency": "50", "SnapStart": "None"})


@dataclass
class Programs:
    """Notes what is run; `fails` ends with an error."""

    fails: str | None = None
    commands: list[list[str]] = field(default_factory=list)

    def run(self, command):
        self.commands.append(list(command))
        if self.fails in command:
            raise CommandFailed(f"{self.fails} ended with code 1")


@pytest.fixture
def programs():
    return Programs()


@pytest.fixture
def deployment(stack, s3, programs):
    """Of a stack that is there once it is asked for."""
    return Deployment(
        settings=SETTINGS,
        region="eu-central-1",
        aws=FakeAws(deployed=stack),
        s3=s3,
        run=programs.run,
        check=lambda _: None,
    )


@pytest.fixture
def live(stack, trained):
    """A version is live in the stack's registry."""
    registry = connect(RegistryAddress(stack.output("ModelsBucket")))
    publish(registry, trained.manifest, trained.files)
    promote(registry, trained.version, None)
    return registry


class TestAStackWithAModel:
    """Nothing is trained again; all else is done."""

    def test_it_builds_and_deploys_what_the_environment_says(self, deployment, live, programs):
        deploy(replace(deployment, given={"AlarmEmail": "me@example.com"}))

        build, command = programs.commands
        assert build == ["make", "build", "ARGS="]
        assert command[1:] == [
            "deploy",
            *("--config-env", "prod"),
            *("--stack-name", "foretell-prod"),
            *("--region", "eu-central-1"),
            "--no-confirm-changeset",
            "--no-fail-on-empty-changeset",
            "--parameter-overrides",
            'AlarmEmail="me@example.com"',
            'BatchConcurrency="50"',
            'SnapStart="None"',
        ]

    def test_the_page_is_told_of_the_stack_and_cloudfront_of_the_page(self, deployment, live, s3):
        stack = deploy(deployment)

        written = s3.get_object(Bucket=stack.output("SiteBucket"), Key="config.json")
        assert json.loads(written["Body"].read())["api_url"] == stack.output("ApiUrl")
        assert deployment.aws.invalidated == ["E1"]

    def test_the_live_version_stays(self, deployment, live, trained):
        deploy(deployment)

        assert first_model.live_version(live) == trained.version

    def test_the_api_is_asked_at_last(self, deployment, live, stack):
        asked = []

        deploy(replace(deployment, check=asked.append))

        assert asked == [stack.output("ApiUrl")]

    def test_a_new_account_reserves_nothing_and_says_so(self, deployment, live, programs, capsys):
        aws = replace(deployment.aws, limits=Concurrency(10, 10))

        deploy(replace(deployment, aws=aws))

        assert 'BatchConcurrency="0"' in programs.commands[1]
        assert "No executions are reserved" in capsys.readouterr().out

    def test_it_is_built_for_the_processor_it_was_deployed_for(self, deployment, live, programs):
        before = replace(deployment.aws.deployed, parameters={"Architecture": "arm64"})

        deploy(replace(deployment, aws=replace(deployment.aws, deployed=before)))

        assert "ARCHITECTURE=arm64" in programs.commands[0]
        assert 'Architecture="arm64"' in programs.commands[1]

    def test_done_twice_it_changes_nothing(self, deployment, live, s3):
        stack = deploy(deployment)
        before = s3.list_objects_v2(Bucket=stack.output("SiteBucket"))["Contents"]

        deploy(deployment)

        after = s3.list_objects_v2(Bucket=stack.output("SiteBucket"))["Contents"]
        assert [(e["Key"], e["ETag"]) for e in before] == [(e["Key"], e["ETag"]) for e in after]


class TestAStackWithoutAModel:
    """The first one is trained where the functions look for it."""

    def test_a_log_that_was_named_is_trained_on(
        self, deployment, stack, shop, remembered, monkeypatch
    ):
        remembered.use(monkeypatch)
        tables = {
            name: str(shop / f"{name}.csv") for name in ("transactions", "customers", "engagement")
        }

        deploy(replace(deployment, request=TrainingRequest(Sources(**tables))))

        registry = first_model.registry_of(stack)
        live = first_model.live_version(registry)
        assert live is not None
        assert registry.manifest(live).data.customers

    def test_without_a_log_it_is_a_simulated_shops_and_says_so(
        self, deployment, monkeypatch, capsys
    ):
        seen = []
        monkeypatch.setattr(first_model, "SIMULATED_CUSTOMERS", 50)

        def train(request, registry):
            with open(request.sources.transactions) as table:  # noqa: PTH123
                seen.append((table.readline().strip(), registry.address.bucket))

        monkeypatch.setattr(first_model, "train_and_tell", train)

        stack = deploy(deployment)

        assert "SIMULATED data" in capsys.readouterr().out
        header, bucket = seen[0]
        assert header.startswith("customer_id,timestamp")
        assert bucket == stack.output("ModelsBucket")


class TestFailing:
    """Whatever fails is named with its step, and with how to go on."""

    @pytest.mark.parametrize(
        ("program", "step"), [("build", "step 2 of 6"), ("deploy", "step 3 of 6")]
    )
    def test_a_program_that_fails_ends_it(self, deployment, programs, program, step):
        programs.fails = program

        with pytest.raises(StepFailed, match=rf"{step}.*deploy again: it goes on from here"):
            deploy(deployment)

        assert programs.fails in programs.commands[-1]

    def test_a_faulty_parameter_changes_nothing(self, deployment, programs):
        with pytest.raises(StepFailed, match=r"step 1 of 6.*whole number.*Nothing was changed"):
            deploy(replace(deployment, given={"BatchConcurrency": "many"}))

        assert programs.commands == []

    def test_credentials_that_are_refused_are_told_at_once(self, deployment, monkeypatch):
        def refuse():
            raise NotReady("AWS does not accept the credentials")

        monkeypatch.setattr(deployment.aws, "account", refuse)

        with pytest.raises(StepFailed, match=r"step 1 of 6.*credentials"):
            deploy(deployment)

    def test_a_bucket_that_is_gone_is_told_by_the_step(self, deployment, s3, stack):
        s3.delete_bucket(Bucket=stack.output("SiteBucket"))

        with pytest.raises(StepFailed, match=r"step 4 of 6.*NoSuchBucket"):
            deploy(deployment)

    def test_an_api_that_does_not_answer_is_told_by_the_step(self, deployment, live):
        def check(url):
            raise NotAnswering(f"{url}/health: 500")

        with pytest.raises(StepFailed, match=r"step 6 of 6.*/health: 500"):
            deploy(replace(deployment, check=check))
