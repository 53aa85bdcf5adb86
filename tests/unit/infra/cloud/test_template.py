"""Which resources outlive a stack, read from its templates."""

from pathlib import Path

import pytest

from infra.cloud.template import deletion_policies

ROOT = Path(__file__).parents[4]


def test_a_template_that_sam_wrote_is_read_as_it_comes():
    written = {"Resources": {"Models": {"DeletionPolicy": "Retain"}, "Logs": {}}}

    assert deletion_policies(written) == {"Models": "Retain"}


def test_a_template_that_a_person_wrote_may_hold_cloudformations_tags():
    template = "Resources:\n  A: {DeletionPolicy: Delete, B: !If [C, !Ref D, !Sub '${E}']}\n"

    assert deletion_policies(template) == {"A": "Delete"}


@pytest.mark.parametrize(
    ("file", "staying"),
    [("buckets.yaml", {"Models", "Uploads", "Results"}), ("site.yaml", set())],
)
def test_of_the_projects_own_buckets_those_with_data_stay(file, staying):
    policies = deletion_policies((ROOT / "infra" / file).read_text())

    assert {
        logical for logical, policy in policies.items() if policy == "RetainExceptOnCreate"
    } == staying
