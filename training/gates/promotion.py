"""Whether a version may become live: no worse than a guess, no worse than the one that is live."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from foretell.contract import ModelName
from foretell.manifest import Gate, Metric
from training.evaluate.figures import Metrics
from training.evaluate.hold_out import NAIVE

LIVE: Final = "Live version"
GATE: Final = "Not worse than the live version"
"""The one gate that depends on what is live."""


class Tolerance(NamedTuple):
    """By how much a figure may be worse before it counts, absolute or as a factor."""

    difference: float = 0.0
    factor: float = 1.0


TOLERANCES: Final[Mapping[tuple[ModelName, str], Tolerance]] = {
    (ModelName.CLV, "Gini"): Tolerance(difference=0.01),
    (ModelName.CLV, "RMSE"): Tolerance(factor=1.05),
    (ModelName.CHURN, "AUC"): Tolerance(difference=0.01),
    (ModelName.CHURN, "Brier"): Tolerance(difference=0.005),
}
"""About what two fits on other halves of 10,000 customers differ by."""

_EXPECTED: Final[Mapping[tuple[ModelName, str], tuple[float, float]]] = {
    (ModelName.CLV, "Bias"): (0.8, 1.25),
    (ModelName.CLV, "Interval coverage"): (0.7, 0.9),
    (ModelName.CHURN, "Calibration error"): (0.0, 0.1),
}
"""Outside of these somebody should look before believing."""


def of(metrics: Metrics) -> tuple[Gate, ...]:
    """What the measured figures alone say."""
    return (against(NAIVE, metrics), *plausible(metrics))


def against(peer: str, metrics: Metrics) -> Gate:
    """Failed where any figure is worse than the peer's beyond the tolerance."""
    held = [
        (metric, tolerance)
        for (model, name), tolerance in TOLERANCES.items()
        for metric in metrics[model]
        if metric.name == name and peer in metric.peers
    ]
    worse = [metric for metric, tolerance in held if _worse(metric, metric.peers[peer], tolerance)]
    told = worse or [metric for metric, _ in held]
    return Gate(
        name=GATE if peer == LIVE else f"Not worse than the {peer.lower()} forecast",
        verdict="failed" if worse else "passed",
        detail="; ".join(
            f"{metric.name} {metric.value:.4g}, {peer.lower()} {metric.peers[peer]:.4g}"
            f" (tolerated: {_allowed(metric, tolerance)})"
            for metric, tolerance in held
            if metric in told
        ),
    )


def not_compared(reason: str) -> Gate:
    """There is a live version, but nothing to hold the new one against."""
    return Gate(name=GATE, verdict="warned", detail=reason)


def plausible(metrics: Metrics) -> tuple[Gate, ...]:
    """A warning for each figure that is further off than it should be."""
    return tuple(
        Gate(
            name=name,
            verdict="passed" if low <= metric.value <= high else "warned",
            detail=f"{metric.value:.3g}; expected between {low:g} and {high:g}",
        )
        for (model, name), (low, high) in _EXPECTED.items()
        for metric in metrics[model]
        if metric.name == name
    )


def failed(gates: Iterable[Gate]) -> tuple[Gate, ...]:
    """Those that hold a version back."""
    return tuple(gate for gate in gates if gate.verdict == "failed")


def _worse(metric: Metric, peer: float, tolerance: Tolerance) -> bool:
    if metric.better == "higher":
        return metric.value < peer / tolerance.factor - tolerance.difference
    return metric.value > peer * tolerance.factor + tolerance.difference


def _allowed(metric: Metric, tolerance: Tolerance) -> str:
    if tolerance.factor != 1:
        return f"{tolerance.factor - 1:.0%} above"
    return f"{tolerance.difference:g} {'below' if metric.better == 'higher' else 'above'}"
