"""What browsers are told of the site: the same by CloudFront and on this machine."""

from pathlib import Path

import pytest
import yaml

from infra.site import policy
from tests.infra.stack.evaluation import Stack

TEMPLATE = Path(__file__).parents[4] / "infra/site.yaml"
CHOSEN = {"IssuerHost": "issuer.example", "SignInHost": "login.example"}
OF_CLOUDFRONT = {
    "X-Content-Type-Options": ("ContentTypeOptions", None),
    "X-Frame-Options": ("FrameOptions", "FrameOption"),
    "Referrer-Policy": ("ReferrerPolicy", "ReferrerPolicy"),
}
"""Headers that CloudFront has names of its own for, and where it is told their values."""


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as the long ones."""


def long_form(loader, suffix, node):
    read = {
        yaml.ScalarNode: loader.construct_scalar,
        yaml.SequenceNode: lambda node: loader.construct_sequence(node, deep=True),
        yaml.MappingNode: lambda node: loader.construct_mapping(node, deep=True),
    }[type(node)]
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": read(node)}


Loader.add_multi_constructor("!", long_form)


@pytest.fixture(scope="module")
def told():
    """What the template has CloudFront say."""
    template = yaml.load(TEMPLATE.read_text(), Loader)  # noqa: S506 - a safe one
    resource = template["Resources"]["Headers"]["Properties"]
    return Stack(TEMPLATE.name, template, CHOSEN).value(resource)["ResponseHeadersPolicyConfig"]


def directives(text):
    return {name: sources for name, *sources in map(str.split, text.split(";"))}


def test_the_deployed_policy_is_the_templates(told):
    hosts = CHOSEN["IssuerHost"], CHOSEN["SignInHost"]

    written = told["SecurityHeadersConfig"]["ContentSecurityPolicy"]["ContentSecurityPolicy"]

    assert written == policy.deployed("${AWS::Region}", "${AWS::URLSuffix}", *hosts)


def test_the_other_headers_are_the_templates(told):
    security = told["SecurityHeadersConfig"]
    custom = {item["Header"]: item["Value"] for item in told["CustomHeadersConfig"]["Items"]}

    assert set(policy.HEADERS) == set(OF_CLOUDFRONT) | set(custom)
    for name, value in policy.HEADERS.items():
        kind, member = OF_CLOUDFRONT.get(name, (None, None))
        said = custom[name] if kind is None else security[kind].get(member, "nosniff")
        assert said == value, name


def test_on_this_machine_nothing_is_allowed_beside_the_local_s3():
    here = directives(policy.on_this_machine("http://127.0.0.1:8001"))
    there = directives(policy.deployed("eu-central-1", "amazonaws.com", "a.example", "b.example"))

    assert here.pop("connect-src") == ["'self'", "http://127.0.0.1:8001"]
    del there["connect-src"]
    assert here == there


def test_an_issuer_may_be_asked_where_there_is_one():
    here = directives(policy.on_this_machine("http://127.0.0.1:1", "http://127.0.0.1:2"))

    assert here["connect-src"] == ["'self'", "http://127.0.0.1:1", "http://127.0.0.1:2"]
