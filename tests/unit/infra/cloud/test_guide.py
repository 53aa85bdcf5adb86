"""The deployment guide names what there is: commands, parameters, outputs, files."""

import re
from pathlib import Path

import pytest

from infra.cloud import cli
from infra.cloud.costs.guide import BEGIN, END, GUIDE

ROOT = Path(__file__).parents[4]
TEXT = GUIDE.read_text()
PROSE = TEXT.partition(BEGIN)[0] + TEXT.partition(END)[2]
TEMPLATE = (ROOT / "template.yaml").read_text()


@pytest.mark.parametrize("command", sorted(set(re.findall(r"-m infra\.cloud ([a-z-]+)", TEXT))))
def test_a_command_that_it_names_is_one(command):
    assert command in cli.commands.commands


@pytest.mark.parametrize(
    "name", sorted(set(re.findall(r"[`'](?:--set )?([A-Z][a-z]+(?:[A-Z][a-z]+)+)[=`]", PROSE)))
)
def test_a_parameter_or_output_that_it_names_is_the_templates(name):
    assert f"\n  {name}:\n" in TEMPLATE


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", TEXT))))
def test_a_file_that_it_links_is_there(link):
    assert (GUIDE.parent / link).exists()
