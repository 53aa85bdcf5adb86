"""Changes that break the rules on purpose, one subject a file as in the rules."""

from tests.infra.stack.breaks import (
    alarms,
    asynchronous,
    conventions,
    edge,
    functions,
    graph,
    iam,
    page,
    policies,
    routes,
    storage,
)
from tests.infra.stack.breaks.templates import Break

BREAKS: tuple[Break, ...] = (
    *graph.BREAKS,
    *routes.BREAKS,
    *iam.BREAKS,
    *policies.BREAKS,
    *storage.BREAKS,
    *asynchronous.BREAKS,
    *functions.BREAKS,
    *alarms.BREAKS,
    *edge.BREAKS,
    *page.BREAKS,
    *conventions.BREAKS,
)
