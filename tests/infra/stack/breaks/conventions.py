from tests.infra.stack.breaks.templates import Break, Breakable
from tests.infra.stack.rules.conventions import (
    outputs_nobody_gives,
    secrets_in_plain_sight,
    taking_anything,
    tied_to_one_place,
    undescribed,
    ungrouped,
)


def resource(t: Breakable, name: str) -> dict:
    return t.source()["Resources"][name]["Properties"]


def parameters(t: Breakable, file: str = "template.yaml") -> dict:
    return t.source(file)["Parameters"]


BREAKS: list[Break] = [
    (tied_to_one_place, lambda t: resource(t, "Failures").update(KmsMasterKeyId="arn:aws:kms:::x")),
    (tied_to_one_place, lambda t: resource(t, "Logs").update(LogGroupName="/x/eu-central-1")),
    (tied_to_one_place, lambda t: resource(t, "Logs").update(LogGroupName="/x/111122223333")),
    (undescribed, lambda t: parameters(t)["AlarmEmail"].pop("Description")),
    (undescribed, lambda t: t.source("infra/site.yaml")["Outputs"]["Url"].pop("Description")),
    (undescribed, lambda t: t.source("infra/buckets.yaml").pop("Description")),
    (taking_anything, lambda t: parameters(t)["OidcIssuer"].pop("AllowedPattern")),
    (taking_anything, lambda t: parameters(t)["ThrottleRate"].pop("MinValue")),
    (ungrouped, lambda t: parameters(t).update(Other={"Type": "String", "Description": "x"})),
    (ungrouped, lambda t: parameters(t).pop("AlarmEmail")),
    (outputs_nobody_gives, lambda t: t.source()["Outputs"].pop("SiteBucket")),
    (outputs_nobody_gives, lambda t: t.source()["Outputs"]["ApiUrl"].update(Condition="HasPool")),
    (
        secrets_in_plain_sight,
        lambda t: parameters(t).update(ClientSecret={"Type": "String", "Description": "x"}),
    ),
    (
        secrets_in_plain_sight,
        lambda t: parameters(t).update(
            ClientSecret={"Type": "String", "NoEcho": True, "Default": "hunter2"}
        ),
    ),
]
