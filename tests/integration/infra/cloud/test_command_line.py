"""`python -m infra.cloud` as it is called from a terminal."""

import shutil
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from infra.cloud import checks, cli, settings, tools
from infra.cloud.aws import Aws
from infra.cloud.costs import guide
from infra.cloud.errors import CommandFailed, NotReady
from tests.shared.command_line import Said
from tests.shared.deployed import FakeAws

ROOT = Path(__file__).parents[4]
COMMANDS = sorted(cli.commands.commands)


@pytest.fixture
def cloud(monkeypatch, capsys):
    """Runs a command in the project's folder, in a region, with no AWS behind it."""
    monkeypatch.setattr(settings, "CONFIG", ROOT / "samconfig.toml")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["infra.cloud", *words])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        return Said(code, *capsys.readouterr())

    return run


@pytest.fixture
def aws(monkeypatch, stack):
    """The stack is there, whatever it is called."""
    found = FakeAws(deployed=stack)
    monkeypatch.setattr(Aws, "connect", lambda _: found)
    return found


class TestHelp:
    """Every command says what it does, with an example."""

    @pytest.mark.parametrize("command", COMMANDS)
    def test_a_command_has_an_example(self, cloud, command):
        said = cloud(command, "--help")

        assert said.code == 0
        assert "Example: python -m infra.cloud" in said.out

    def test_it_is_a_program(self):
        done = subprocess.run(
            [sys.executable, "-m", "infra.cloud", "--help"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )

        assert all(command in done.stdout for command in COMMANDS)


class TestSite:
    """`site` publishes what the repository holds to the stack of the environment."""

    def test_it_is_published(self, cloud, aws, s3, stack):
        said = cloud("site", "--env", "prod")

        assert said.code == 0, said.err
        assert "files" in said.out
        assert s3.head_object(Bucket=stack.output("SiteBucket"), Key="config.json")
        assert aws.invalidated == ["E1"]

    def test_a_stack_that_is_not_there_is_told_of(self, cloud, aws):
        aws.deployed = None

        said = cloud("site", "--stack-name", "elsewhere")

        assert said.code == 1
        assert "there is no stack elsewhere" in said.err


class TestCheck:
    """`check` asks the API, then says what to do with it."""

    @pytest.fixture
    def told(self, cloud, aws, monkeypatch):
        monkeypatch.setattr(checks, "check", lambda _: None)
        said = cloud("check")
        assert said.code == 0, said.err
        return said.out

    def test_the_commands_it_tells_can_be_copied(self, told, tmp_path):
        """A shell runs them, with programs of those names that say what they are asked."""
        for name, answer in (("aws", "s3cret"), ("curl", '{"access_token": "t0ken"}')):
            program = tmp_path / name
            program.write_text(f'#!/bin/sh\necho "{name} $*" >> "$LOG"\necho \'{answer}\'\n')
            program.chmod(0o755)
        commands = [line for line in told.splitlines() if line.startswith("  ")]
        script = "\n".join(commands[commands.index(next(c for c in commands if " aws " in c)) :])

        subprocess.run(
            ["sh", "-eu", "-c", script],
            env={
                "PATH": f"{tmp_path}:{Path(sys.executable).parent}:/usr/bin:/bin",
                "LOG": str(tmp_path / "log"),
            },
            check=True,
            capture_output=True,
        )

        user, secret, token, prediction = (tmp_path / "log").read_text().splitlines()
        assert user.endswith("Name=email,Value=me@example.com Name=email_verified,Value=true")
        assert secret.startswith("aws cognito-idp describe-user-pool-client")
        assert "--user server-client:s3cret -d grant_type=client_credentials" in token
        assert "authorization: Bearer t0ken" in prediction

    def test_the_addresses_are_those_of_the_stack(self, told, stack):
        for output in ("SiteUrl", "ApiUrl", "ModelsBucket", "UploadsBucket", "ResultsBucket"):
            assert stack.output(output) in told


class TestDestroy:
    """Nothing goes that was not named."""

    def test_another_name_deletes_nothing(self, cloud, aws, monkeypatch):
        monkeypatch.setattr(tools, "run", lambda _: pytest.fail("nothing may be run"))

        said = cloud("destroy", "--confirm", "foretell")

        assert said.code == 1
        assert "nothing was deleted" in said.err


class TestWhatIsMissing:
    """What a person has to put right is one line, without a traceback."""

    def test_an_environment_that_samconfig_does_not_know(self, cloud):
        said = cloud("deploy", "--env", "staging")

        assert said.code == 1
        assert "knows no environment 'staging', only" in said.err

    def test_no_region(self, cloud, monkeypatch):
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

        said = cloud("check")

        assert said.code == 1
        assert "no region is set" in said.err

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("--set", "AlarmEmail"), "sets no parameter"),
            (("--horizon-days", "0"), "--horizon-days"),
        ],
    )
    def test_a_faulty_option(self, cloud, aws, words, said):
        ended = cloud("deploy", *words)

        assert ended.code != 0
        assert said in ended.err


class TestTools:
    """The programs that are run."""

    def test_a_program_that_fails_is_told_with_its_code(self):
        with pytest.raises(CommandFailed, match="ended with code 3"):
            tools.run([sys.executable, "-c", "raise SystemExit(3)"])

    def test_a_program_that_is_not_there_is_told_of(self):
        with pytest.raises(CommandFailed, match="cannot be run"):
            tools.run(["/nowhere/sam"])

    def test_no_sam_says_how_to_have_one(self, monkeypatch, tmp_path):
        monkeypatch.setattr(sys, "prefix", str(tmp_path))
        monkeypatch.setenv("PATH", str(tmp_path))

        with pytest.raises(NotReady, match="make cloud"):
            tools.sam()

    def test_the_locked_sam_counts_before_any_other(self, monkeypatch, tmp_path):
        locked = tmp_path / "cloud" / "bin" / "sam"
        locked.parent.mkdir(parents=True)
        locked.touch()
        monkeypatch.setattr(sys, "prefix", str(tmp_path))

        assert tools.sam() == str(locked)


def test_costs_prints_the_tables_of_the_guide(cloud):
    assert cloud("costs").out.strip() == guide.tables().strip()


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (("deploy",), "-m infra.cloud deploy --env dev"),
        (("deploy", "ENV=prod"), "-m infra.cloud deploy --env prod"),
        (("deploy", "TRANSACTIONS=my orders.csv"), '--transactions "my orders.csv"'),
        (("destroy", "ENV=prod"), "-m infra.cloud destroy --env prod"),
        (("destroy", "CONFIRM=foretell-dev"), '--confirm "foretell-dev"'),
    ],
)
@pytest.mark.skipif(shutil.which("make") is None, reason="no make: nothing of this is called")
def test_make_calls_it(words, asked):
    done = subprocess.run(
        ["make", "-n", *words], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert asked in done.stdout
