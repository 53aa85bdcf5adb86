"""How the templates are written: for any account, region and partition, and to be read."""

import re
from collections.abc import Iterator
from typing import Any

from tests.infra.stack.deployment import ROOT, Deployment, texts

_PARTITION = re.compile(r"\barn:aws[a-z-]*:")
_REGION = re.compile(r"\b(?:us|eu|ap|sa|ca|me|af|il|mx|cn)-(?:gov-)?[a-z]+-\d\b")
_ACCOUNT = re.compile(r"(?<![\w.-])\d{12}(?![\w.-])")
_SAID = {"Description", "AlarmDescription", "ConstraintDescription"}
_READ = re.compile(r"""\bstack\.(output|optional)\(["'](\w+)["']""")
_IN_PLAIN_SIGHT = re.compile(r"(secret|password|token|apikey)$", re.IGNORECASE)


def tied_to_one_place(deployment: Deployment) -> Iterator[str]:
    """Nothing names an account, a region or a partition: ${AWS::Partition} is also China's."""
    for file, source in deployment.sources.items():
        for section in ("Globals", "Conditions", "Resources", "Outputs"):
            for name, body in source.get(section, {}).items():
                for text in _meant(body):
                    for pattern in (_PARTITION, _REGION, _ACCOUNT):
                        yield from [
                            f"{file}: {name}: {each} is of one place: use the pseudo parameters"
                            for each in pattern.findall(text)
                        ]


def undescribed(deployment: Deployment) -> Iterator[str]:
    """Whoever deploys is asked for the parameters and given the outputs, and sees nothing else."""
    for file, source in deployment.sources.items():
        if not source.get("Description"):
            yield f"{file}: set Description"
        for section in ("Parameters", "Outputs"):
            yield from [
                f"{file}: {name} of {section}: set Description"
                for name, body in source.get(section, {}).items()
                if not body.get("Description")
            ]


def taking_anything(deployment: Deployment) -> Iterator[str]:
    """What a person types is checked before anything is created; nested stacks get what was."""
    for name, said in deployment.sources[deployment.root].get("Parameters", {}).items():
        checks = {
            "String": ("AllowedValues", "AllowedPattern"),
            "Number": ("AllowedValues", "MinValue"),
        }
        wanted = checks.get(said["Type"], ())
        if wanted and not any(each in said for each in wanted):
            yield f"{deployment.root}: {name}: set {' or '.join(wanted)}"


def ungrouped(deployment: Deployment) -> list[str]:
    """`sam deploy --guided` and the console show the parameters in groups: each in one."""
    source = deployment.sources[deployment.root]
    interface = source.get("Metadata", {}).get("AWS::CloudFormation::Interface", {})
    grouped = [
        name for group in interface.get("ParameterGroups", []) for name in group["Parameters"]
    ]
    declared = source.get("Parameters", {}).keys()
    return [
        f"{deployment.root}: {name} stands in {grouped.count(name)} ParameterGroups, not in one"
        for name in sorted(declared | set(grouped))
        if grouped.count(name) != 1 or name not in declared
    ]


def outputs_nobody_gives(deployment: Deployment) -> Iterator[str]:
    """What infra/cloud reads of a stack after deploying it: always, and where it is there."""
    outputs = deployment.sources[deployment.root].get("Outputs", {})
    for path in sorted((ROOT / "infra/cloud").rglob("*.py")):
        for needed, name in _READ.findall(path.read_text(encoding="utf-8")):
            if name not in outputs:
                yield f"{deployment.root}: no output {name}, which {path.name} reads"
            elif needed == "output" and not deployment.stacks[0].holds_for(outputs[name]):
                yield f"{deployment.root}: {name} may be missing: {path.name} wants it always"


def secrets_in_plain_sight(deployment: Deployment) -> list[str]:
    """A parameter that is a secret is not shown, and has no default that is in the repository."""
    return [
        f"{file}: {name}: a secret: set NoEcho: true, and no Default"
        for file, source in deployment.sources.items()
        for name, said in source.get("Parameters", {}).items()
        if _IN_PLAIN_SIGHT.search(name)
        and (str(said.get("NoEcho")).lower() != "true" or said.get("Default"))
    ]


def _meant(value: Any) -> Iterator[str]:
    """All texts but those that only people read."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key not in _SAID:
                yield from _meant(each)
    elif isinstance(value, list):
        for each in value:
            yield from _meant(each)
    else:
        yield from texts(value)


RULES = (
    tied_to_one_place,
    undescribed,
    taking_anything,
    ungrouped,
    outputs_nobody_gives,
    secrets_in_plain_sight,
)
