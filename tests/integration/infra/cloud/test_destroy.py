"""Taking a stack down: what is said before, what goes, what stays."""

from dataclasses import dataclass, field

import pytest

from infra.cloud.destroy import Demolition, NotConfirmed, delete_bucket, destroy
from infra.cloud.errors import CommandFailed
from infra.cloud.settings import Settings
from infra.cloud.stack import Resource
from tests.shared.deployed import FakeAws


@dataclass
class Programs:
    commands: list[list[str]] = field(default_factory=list)
    fails: bool = False

    def run(self, command):
        self.commands.append(list(command))
        if self.fails:
            raise CommandFailed("sam ended with code 1")


@pytest.fixture
def programs():
    return Programs()


@pytest.fixture
def demolition(stack, s3, programs):
    models, site = stack.output("ModelsBucket"), stack.output("SiteBucket")
    s3.put_object(Bucket=site, Key="index.html", Body=b"page")
    s3.put_object(Bucket=models, Key="models/production.json", Body=b"{}")
    aws = FakeAws(
        deployed=stack,
        belongings=(
            Resource("Bucket", "AWS::S3::Bucket", site, retained=False),
            Resource("Models", "AWS::S3::Bucket", models, retained=True),
            Resource("UserPool", "AWS::Cognito::UserPool", "p", retained=False),
        ),
    )
    settings = Settings("dev", stack.name, None, {})
    return Demolition(settings, "eu-central-1", aws, s3, programs.run)


def objects(s3, bucket):
    return s3.list_objects_v2(Bucket=bucket)["KeyCount"]


def test_it_says_what_goes_and_what_stays_before_it_asks(demolition, stack, capsys):
    told = []

    def confirm(name):
        told.append(capsys.readouterr().out)
        return name

    destroy(demolition, stack, confirm)

    assert "This deletes the stack foretell-dev" in told[0]
    assert "1 AWS::Cognito::UserPool" in told[0]
    assert "users are deleted, too" in told[0]
    assert stack.output("ModelsBucket") in told[0].partition("These stay")[2]


def test_the_site_is_emptied_and_the_stack_deleted(demolition, stack, s3, programs):
    destroy(demolition, stack, lambda name: name)

    assert objects(s3, stack.output("SiteBucket")) == 0
    assert [command[1:] for command in programs.commands] == [
        [
            "delete",
            *("--config-env", "dev"),
            *("--stack-name", "foretell-dev"),
            *("--region", "eu-central-1"),
            "--no-prompts",
        ]
    ]


def test_data_stay_and_come_with_the_command_that_deletes_them(demolition, stack, s3, capsys):
    destroy(demolition, stack, lambda name: name)

    models = stack.output("ModelsBucket")
    assert objects(s3, models) == 1
    assert f"python -m infra.cloud delete-bucket {models}" in capsys.readouterr().out


@pytest.mark.parametrize("said", ["", "foretell", "foretell-prod"])
def test_another_name_deletes_nothing(demolition, stack, s3, programs, said):
    with pytest.raises(NotConfirmed, match="nothing was deleted"):
        destroy(demolition, stack, lambda _: said)

    assert objects(s3, stack.output("SiteBucket")) == 1
    assert programs.commands == []


def test_a_deletion_that_failed_can_be_repeated(demolition, stack, s3, programs):
    programs.fails = True
    with pytest.raises(CommandFailed):
        destroy(demolition, stack, lambda name: name)
    s3.delete_bucket(Bucket=stack.output("SiteBucket"))
    programs.fails = False

    destroy(demolition, stack, lambda name: name)

    assert len(programs.commands) == 2


class TestBucketsThatStayed:
    """They go one by one, each by its name."""

    @pytest.fixture
    def bucket(self, s3, stack):
        found = stack.output("ModelsBucket")
        s3.put_bucket_versioning(Bucket=found, VersioningConfiguration={"Status": "Enabled"})
        for content in (b"1", b"2"):
            s3.put_object(Bucket=found, Key="models/production.json", Body=content)
        return found

    def test_a_bucket_goes_with_all_versions(self, s3, bucket):
        assert delete_bucket(s3, bucket, lambda name: name) == 2

        assert bucket not in {each["Name"] for each in s3.list_buckets()["Buckets"]}

    def test_another_name_deletes_nothing(self, s3, bucket):
        with pytest.raises(NotConfirmed):
            delete_bucket(s3, bucket, lambda _: "yes")

        assert objects(s3, bucket) == 1
