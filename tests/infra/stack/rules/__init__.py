"""What holds of the deployment: functions from it to findings, one subject a file."""

from collections.abc import Callable, Iterable

from tests.infra.stack.deployment import Deployment
from tests.infra.stack.rules import (
    alarms,
    asynchronous,
    conventions,
    edge,
    functions,
    graph,
    iam,
    metrics,
    page,
    permissions,
    policies,
    routes,
    storage,
)

Rule = Callable[[Deployment], Iterable[str]]

RULES: tuple[Rule, ...] = (
    *graph.RULES,
    *routes.RULES,
    *iam.RULES,
    *permissions.RULES,
    *policies.RULES,
    *storage.RULES,
    *asynchronous.RULES,
    *functions.RULES,
    *metrics.RULES,
    *alarms.RULES,
    *edge.RULES,
    *page.RULES,
    *conventions.RULES,
)
