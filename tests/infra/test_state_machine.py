"""The deployed state machine: what no execution on this machine would show is read from its file.

Each rule is a function from a definition to the names of the states that break it, and is tried on
definitions that were broken on purpose.
"""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Definition = dict[str, Any]
State = dict[str, Any]
Rule = Callable[[Definition], list[str]]

ROOT = Path(__file__).parents[2]
DEPLOYED: Definition = json.loads((ROOT / "infra/batch.asl.json").read_text(encoding="utf-8"))
FUNCTION = "${BatchFunctionArn}"
LONGEST_INVOCATION = 900  # seconds
BUSY = {
    "Lambda.TooManyRequestsException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
}


def parts(definition: Definition) -> Iterator[Definition]:
    """The machine, and the processors of its Maps."""
    yield definition
    for state in definition["States"].values():
        if state["Type"] == "Map":
            yield from parts(state["ItemProcessor"])


def states(definition: Definition, *types: str) -> Iterator[tuple[str, State]]:
    for part in parts(definition):
        for name, state in part["States"].items():
            if state["Type"] in types:
                yield name, state


def working_tasks(definition: Definition) -> Iterator[tuple[str, State]]:
    """Those that do the work, and do not just tell of its failure."""
    for name, task in states(definition, "Task"):
        if task["Parameters"]["Payload"]["task"] != "fail":
            yield name, task


def targets(state: State) -> set[str]:
    ways = {state["Next"]} if "Next" in state else set()
    return ways | {catcher["Next"] for catcher in state.get("Catch", [])}


def strings(value: object, name: str = "") -> Iterator[str]:
    """All texts that mean something to Step Functions."""
    if isinstance(value, str) and name != "Comment":
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from strings(part, key)


def backs_off(retrier: dict[str, Any]) -> bool:
    return (
        retrier.get("BackoffRate", 0) > 1
        and retrier.get("MaxAttempts", 0) > 0
        and retrier.get("JitterStrategy") == "FULL"
        and retrier.get("MaxDelaySeconds", 0) >= retrier.get("IntervalSeconds", 1)
    )


def without_timeout(definition: Definition) -> list[str]:
    """The machine has one, and each task one that lets the function's own come first."""
    late = [
        name
        for name, task in states(definition, "Task")
        if not LONGEST_INVOCATION < task.get("TimeoutSeconds", 0) <= LONGEST_INVOCATION + 120
    ]
    return late + ([] if definition.get("TimeoutSeconds") else ["the machine"])


def without_retry(definition: Definition) -> list[str]:
    """Whatever may pass is tried again, after pauses that grow and differ."""
    return [
        name
        for name, state in states(definition, "Task", "Map")
        if not state.get("Retry")
        or not all(backs_off(each) for each in state["Retry"] if each.get("MaxAttempts") != 0)
        or (state["Type"] == "Task" and state["Retry"][-1]["ErrorEquals"] != ["States.ALL"])
    ]


def impatient(definition: Definition) -> list[str]:
    """A busy Lambda is waited for longer than other errors: minutes, not seconds."""
    found = []
    for name, task in working_tasks(definition):
        patient = [r for r in task.get("Retry", []) if set(r["ErrorEquals"]) >= BUSY]
        if not patient or patient[0].get("MaxAttempts", 0) < 8:
            found.append(name)
    return found


def retrying_the_unscorable(definition: Definition) -> list[str]:
    found = []
    for name, task in working_tasks(definition):
        first = {key: value for key, value in task["Retry"][0].items() if key != "Comment"}
        if first != {"ErrorEquals": ["UnscorableFile"], "MaxAttempts": 0}:
            found.append(name)
    return found


def failing_silently(definition: Definition) -> list[str]:
    """Any error of the work leads to a task that tells it, and then to a Fail state."""
    found = []
    for part in parts(definition):
        for name, state in part["States"].items():
            if state["Type"] in {"Task", "Map"} and not ends_told(part["States"], state):
                found.append(name)
    return found


def ends_told(siblings: dict[str, State], state: State) -> bool:
    if state.get("Parameters", {}).get("Payload", {}).get("task") == "fail":
        ends = [siblings.get(target, {}) for target in targets(state)]
        return bool(ends) and all(end.get("Type") == "Fail" for end in ends)
    catchers = state.get("Catch", [])
    told = [catcher for catcher in catchers if catcher["ErrorEquals"] == ["States.ALL"]]
    if len(told) != 1 or told[0].get("ResultPath") != "$.error":
        return False
    payload = siblings.get(told[0]["Next"], {}).get("Parameters", {}).get("Payload", {})
    return bool(payload.get("task") == "fail" and payload.get("error.$") == "$.error")


def not_naming_the_range(definition: Definition) -> list[str]:
    """What is told from within a Map names the item: outside of it nobody knows which it was."""
    return [
        name
        for map_name, state in states(definition, "Map")
        for name, inner in state["ItemProcessor"]["States"].items()
        if inner["Type"] == "Task"
        and inner["Parameters"]["Payload"]["task"] == "fail"
        and inner["Parameters"]["Payload"].get("range.$") != "$.range"
    ]


def tolerant(definition: Definition) -> list[str]:
    return [
        name
        for name, state in states(definition, "Map")
        if state.get("ToleratedFailurePercentage") != 0 or "ToleratedFailureCount" in state
    ]


def unbounded(definition: Definition) -> list[str]:
    """A Map takes a bounded share of Lambda, and hands on nothing that grows with the file."""
    return [
        name
        for name, state in states(definition, "Map")
        if not 1 <= state.get("MaxConcurrency", 0) <= 1000
        or state.get("ResultPath", "$") is not None
        or any(
            inner.get("OutputPath", "$") is not None
            for inner in state["ItemProcessor"]["States"].values()
            if inner.get("End")
        )
    ]


def short_lived(definition: Definition) -> list[str]:
    """Express executions end after five minutes, inline ones share one history."""
    return [
        name
        for name, state in states(definition, "Map")
        if state["ItemProcessor"].get("ProcessorConfig")
        != {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    ]


def unreachable(definition: Definition) -> list[str]:
    found = []
    for part in parts(definition):
        reached, ahead = set(), {part["StartAt"]}
        while ahead:
            reached |= ahead
            ahead = {
                target for name in ahead for target in targets(part["States"].get(name, {}))
            } - reached
        found += sorted(part["States"].keys() ^ reached)
    return found


def without_end(definition: Definition) -> list[str]:
    return [
        name
        for part in parts(definition)
        for name, state in part["States"].items()
        if ("Next" in state) + bool(state.get("End")) != (state["Type"] not in {"Fail", "Succeed"})
    ]


def ambiguous(definition: Definition) -> list[str]:
    names = [name for part in parts(definition) for name in part["States"]]
    return [name for name in names if names.count(name) > 1]


def with_wildcard(definition: Definition) -> list[str]:
    return [text for text in strings(definition) if "*" in text]


def of_another_function(definition: Definition) -> list[str]:
    """The template fills in the one function, and nothing else."""
    return [
        name
        for name, task in states(definition, "Task")
        if task["Parameters"]["FunctionName"] != FUNCTION
    ] + [text for text in strings(definition) if "${" in text and text != FUNCTION]


RULES: tuple[Rule, ...] = (
    without_timeout,
    without_retry,
    impatient,
    retrying_the_unscorable,
    failing_silently,
    not_naming_the_range,
    tolerant,
    unbounded,
    short_lived,
    unreachable,
    without_end,
    ambiguous,
    with_wildcard,
    of_another_function,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_deployed_state_machine_keeps_the_rule(rule: Rule) -> None:
    assert rule(DEPLOYED) == []


def test_it_has_the_states_that_are_documented() -> None:
    assert list(DEPLOYED["States"]) == ["Plan", "Score", "Assemble", "Failed", "EndAsFailed"]
    assert [name for name, _ in working_tasks(DEPLOYED)] == ["Plan", "Assemble", "ScoreRange"]


def inner(definition: Definition) -> dict[str, State]:
    states: dict[str, State] = definition["States"]["Score"]["ItemProcessor"]["States"]
    return states


Change = Callable[[Definition], object]
BROKEN: list[tuple[Rule, Change]] = [
    (without_timeout, lambda d: d.pop("TimeoutSeconds")),
    (without_timeout, lambda d: d["States"]["Plan"].pop("TimeoutSeconds")),
    (without_timeout, lambda d: inner(d)["ScoreRange"].update(TimeoutSeconds=300)),
    (without_retry, lambda d: d["States"]["Assemble"].pop("Retry")),
    (without_retry, lambda d: d["States"]["Score"]["Retry"][0].pop("BackoffRate")),
    (without_retry, lambda d: d["States"]["Failed"]["Retry"][0].update(BackoffRate=1)),
    (without_retry, lambda d: inner(d)["ScoreRange"]["Retry"][2].pop("JitterStrategy")),
    (without_retry, lambda d: inner(d)["RangeFailed"]["Retry"].pop()),
    (without_retry, lambda d: d["States"]["Plan"]["Retry"].pop()),
    (impatient, lambda d: inner(d)["ScoreRange"]["Retry"][1].update(MaxAttempts=2)),
    (impatient, lambda d: d["States"]["Plan"]["Retry"][1]["ErrorEquals"].pop(0)),
    (retrying_the_unscorable, lambda d: inner(d)["ScoreRange"]["Retry"].pop(0)),
    (retrying_the_unscorable, lambda d: d["States"]["Plan"]["Retry"].reverse()),
    (failing_silently, lambda d: d["States"]["Score"].pop("Catch")),
    (failing_silently, lambda d: d["States"]["Plan"]["Catch"][0].pop("ResultPath")),
    (failing_silently, lambda d: d["States"]["Assemble"]["Catch"][0].update(Next="EndAsFailed")),
    (failing_silently, lambda d: inner(d)["ScoreRange"]["Catch"][0].update(ErrorEquals=["X"])),
    (failing_silently, lambda d: d["States"]["Failed"].update(Next="Assemble")),
    (
        not_naming_the_range,
        lambda d: inner(d)["RangeFailed"]["Parameters"]["Payload"].pop("range.$"),
    ),
    (tolerant, lambda d: d["States"]["Score"].update(ToleratedFailurePercentage=5)),
    (tolerant, lambda d: d["States"]["Score"].update(ToleratedFailureCount=1)),
    (tolerant, lambda d: d["States"]["Score"].pop("ToleratedFailurePercentage")),
    (unbounded, lambda d: d["States"]["Score"].pop("MaxConcurrency")),
    (unbounded, lambda d: d["States"]["Score"].pop("ResultPath")),
    (unbounded, lambda d: inner(d)["ScoreRange"].pop("OutputPath")),
    (
        short_lived,
        lambda d: d["States"]["Score"]["ItemProcessor"]["ProcessorConfig"].update(
            ExecutionType="EXPRESS"
        ),
    ),
    (unreachable, lambda d: d["States"].update(Lost={"Type": "Succeed"})),
    (unreachable, lambda d: d["States"]["Plan"].update(Next="Nowhere")),
    (without_end, lambda d: d["States"]["Assemble"].pop("End")),
    (without_end, lambda d: d["States"]["Plan"].update(End=True)),
    (ambiguous, lambda d: inner(d).update(Plan={"Type": "Succeed"})),
    (with_wildcard, lambda d: d["States"]["Plan"]["Parameters"].update(FunctionName="*")),
    (of_another_function, lambda d: d["States"]["Plan"]["Parameters"].update(FunctionName="f")),
    (of_another_function, lambda d: d["States"]["Score"].update(Label="${Other}")),
]


@pytest.mark.parametrize(
    ("rule", "change"), BROKEN, ids=[f"{rule.__name__}-{n}" for n, (rule, _) in enumerate(BROKEN)]
)
def test_a_state_machine_that_breaks_the_rule_is_found(rule: Rule, change: Change) -> None:
    broken = copy.deepcopy(DEPLOYED)

    change(broken)

    assert rule(broken) != []


def test_every_rule_is_tried() -> None:
    assert {rule for rule, _ in BROKEN} == set(RULES)
