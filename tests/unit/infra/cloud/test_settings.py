"""samconfig.toml: what is read of it, and that the project's own is complete."""

import tomllib
from pathlib import Path

import pytest

from infra.cloud import settings
from infra.cloud.errors import NotReady

ROOT = Path(__file__).parents[4]
COMMITTED = ROOT / "samconfig.toml"


@pytest.fixture
def config(tmp_path):
    def written(text):
        path = tmp_path / "samconfig.toml"
        path.write_text(text)
        return path

    return written


class TestReading:
    """An environment is its stack, its region, its parameters."""

    @pytest.mark.parametrize(
        "overrides",
        [
            '["SnapStart=None", "AlarmEmail=me@example.com"]',
            '"SnapStart=None AlarmEmail=me@example.com"',
        ],
    )
    def test_parameters_are_a_list_or_one_line(self, config, overrides):
        found = settings.read(
            config(
                '[test.global.parameters]\nstack_name = "shop"\n'
                '[test.deploy.parameters]\nregion = "eu-west-1"\n'
                f"parameter_overrides = {overrides}\n"
            ),
            "test",
        )

        assert (found.stack, found.region) == ("shop", "eu-west-1")
        assert found.parameters == {"SnapStart": "None", "AlarmEmail": "me@example.com"}

    def test_a_value_may_hold_an_equals_sign_and_blanks(self):
        given = settings.parameters(
            ["TrainingSchedule=cron(0 3 ? * MON *)", "OidcIssuer=https://a/?b=c"]
        )

        assert given == {
            "TrainingSchedule": "cron(0 3 ? * MON *)",
            "OidcIssuer": "https://a/?b=c",
        }

    @pytest.mark.parametrize(
        ("written", "meant"), [('"a b"', "a b"), ("'a'", "a"), ("x = 'y'", "x = 'y'"), ('"', '"')]
    )
    def test_quotes_around_a_value_are_none_of_it(self, written, meant):
        assert settings.parameters([f"A={written}"]) == {"A": meant}

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "knows no environment 'test'"),
            ("[test.deploy.parameters]\n", "names no stack for 'test'"),
            ("[test", "is not TOML"),
        ],
    )
    def test_what_is_wrong_with_the_file_is_said(self, config, text, said):
        with pytest.raises(NotReady, match=said):
            settings.read(config(text), "test")

    def test_a_missing_file_says_where_to_be(self, tmp_path):
        with pytest.raises(NotReady, match="project's folder"):
            settings.read(tmp_path / "samconfig.toml", "dev")

    @pytest.mark.parametrize("word", ["AlarmEmail", "=x", "Alarm Email=x"])
    def test_a_word_that_sets_nothing_is_refused(self, word):
        with pytest.raises(NotReady, match="Name=value"):
            settings.parameters([word])


class TestCommitted:
    """The project's own file."""

    def test_plain_sam_commands_mean_dev(self):
        document = tomllib.loads(COMMITTED.read_text())

        assert document["default"] == document["dev"]

    @pytest.mark.parametrize("env", ["dev", "prod"])
    def test_an_environment_deploys_without_a_question(self, env):
        deploy = tomllib.loads(COMMITTED.read_text())[env]["deploy"]["parameters"]

        assert deploy["resolve_s3"]
        assert not deploy["confirm_changeset"]
        assert not deploy["fail_on_empty_changeset"]
        assert set(deploy["capabilities"]) == {"CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"}

    def test_environments_are_different_stacks(self):
        assert settings.read(COMMITTED, "dev").stack != settings.read(COMMITTED, "prod").stack

    @pytest.mark.parametrize("env", ["dev", "prod"])
    def test_a_parameter_is_one_of_the_template(self, env):
        template = (ROOT / "template.yaml").read_text()
        declared = template.partition("\nParameters:\n")[2].partition("\nConditions:\n")[0]

        for name in settings.read(COMMITTED, env).parameters:
            assert f"\n  {name}:\n" in f"\n{declared}"

    def test_a_new_account_can_deploy_dev(self):
        assert settings.read(COMMITTED, "dev").parameters["BatchConcurrency"] == "0"
