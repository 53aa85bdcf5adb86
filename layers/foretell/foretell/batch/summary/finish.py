"""From the sum of all parts to summary.json."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from foretell.actions import recommended
from foretell.batch.runs import Run
from foretell.batch.summary import scales
from foretell.batch.summary.document import (
    Density,
    Distribution,
    Group,
    PersonaSummary,
    Quantiles,
    RejectedKind,
    RiskOfTier,
    Summary,
    Totals,
)
from foretell.batch.summary.drift import drift
from foretell.batch.summary.explained import customers_at_stake, reasons_at_risk
from foretell.batch.summary.partial import AT_RISK, Cells, Partial
from foretell.batch.summary.rejections import Rejection
from foretell.batch.summary.scales import Counts, quantile
from foretell.batch.summary.told import average_money, average_share, money, part
from foretell.manifest import Manifest, Persona
from foretell.predictor import Predictor

_VALUE_EDGES: Final = tuple(money(cents) for cents in scales.VALUE_EDGES.tolist())
_COARSE_VALUE_EDGES: Final = tuple(money(cents) for cents in scales.COARSE_VALUE_EDGES.tolist())

# Python's own whole numbers: exact however large.
Exact = npt.NDArray[np.object_]


@dataclass(frozen=True)
class _Cube:
    """Cells by persona, risk category and value tier, each of that shape."""

    customers: Exact
    customer_lifetime_value: Exact
    churn_probability: Exact
    value_at_risk: Exact

    @classmethod
    def of(cls, cells: Cells, manifest: Manifest) -> Self:
        shape = (len(manifest.personas), len(manifest.risk_categories), len(manifest.value_tiers))
        columns = (
            cells.customers,
            cells.customer_lifetime_value,
            cells.churn_probability,
            cells.value_at_risk,
        )
        return cls(*(np.array(column, np.object_).reshape(shape) for column in columns))

    @property
    def customers_at_risk(self) -> int:
        return _sum(self.customers[:, -AT_RISK:])

    def persona(self, number: int) -> "_Cube":
        return _Cube(
            self.customers[number],
            self.customer_lifetime_value[number],
            self.churn_probability[number],
            self.value_at_risk[number],
        )


def summarised(partial: Partial, run: Run, manifest: Manifest, predictor: Predictor) -> Summary:
    """What the parts of a file, merged, say of its customers.

    Args:
        partial: of all rows of the file.
        run: which file it was, scored by which version.
        manifest: of that version.
        predictor: of that version; ModelName.COMPREHENSIVE or CHURN, for the reasons.

    """
    cube = _Cube.of(partial.cells, manifest)
    return Summary(
        run_id=run.run_id,
        source=run.source,
        model_version=run.model_version,
        horizon_days=manifest.horizon_days,
        rows=partial.rows,
        predicted=partial.predicted,
        rejected=partial.rejected,
        rejections=_rejections(partial.rejections),
        faults_left_out=partial.faults - sum(kind.rows for kind in partial.rejections),
        totals=_totals(partial, cube),
        customer_lifetime_value=_distribution(_VALUE_EDGES, partial.lifetime_values, 2),
        churn_probability=_distribution(
            _equal_edges(scales.CHURN_BINS), partial.churn_probabilities, 6
        ),
        density=_density(partial),
        personas=tuple(
            _persona(persona, cube, manifest)
            for persona in sorted(manifest.personas, key=lambda persona: persona.segment_id)
        ),
        risk_by_tier=_risk_by_tier(cube, manifest),
        top_customers=customers_at_stake(partial.top, manifest, predictor),
        reasons=reasons_at_risk(partial.sample.records, cube.customers_at_risk, predictor),
        drift=drift(partial.drift, manifest.drift_baseline, manifest.data.customers),
    )


def _rejections(kinds: Sequence[Rejection]) -> tuple[RejectedKind, ...]:
    return tuple(
        RejectedKind(field=kind.field, reason=kind.reason, rows=kind.rows, first_row=kind.first_row)
        for kind in sorted(kinds, key=lambda kind: -kind.rows)
    )


def _totals(partial: Partial, cube: _Cube) -> Totals:
    value, churn = _sum(cube.customer_lifetime_value), _sum(cube.churn_probability)
    low, median, high = partial.interval_sums
    return Totals(
        customers=partial.predicted,
        customer_lifetime_value=money(value),
        average_customer_lifetime_value=average_money(value, partial.predicted),
        sum_of_interval_lows=money(low),
        sum_of_interval_medians=money(median),
        sum_of_interval_highs=money(high),
        expected_churners=round(churn / 1_000_000, 2),
        average_churn_probability=average_share(churn, partial.predicted),
        customers_at_risk=cube.customers_at_risk,
        share_at_risk=part(cube.customers_at_risk, partial.predicted),
        value_at_risk=money(_sum(cube.value_at_risk)),
    )


def _distribution(edges: Sequence[float], counted: Counts, digits: int) -> Distribution:
    def at(share: float) -> float | None:
        found = quantile(edges, counted, share)
        return None if found is None else round(found, digits)

    return Distribution(
        edges=tuple(edges),
        customers=counted,
        quantiles=Quantiles(p10=at(0.1), p25=at(0.25), p50=at(0.5), p75=at(0.75), p90=at(0.9)),
    )


def _density(partial: Partial) -> Density:
    width = len(_COARSE_VALUE_EDGES)

    def by_churn(cells: Sequence[Any]) -> tuple[tuple[Any, ...], ...]:
        return tuple(tuple(cells[start : start + width]) for start in range(0, len(cells), width))

    return Density(
        churn_edges=_equal_edges(scales.RISK_BINS),
        value_edges=_COARSE_VALUE_EDGES,
        customers=by_churn(partial.density),
        value_at_risk=by_churn([money(cents) for cents in partial.value_at_risk_density]),
    )


def _persona(persona: Persona, everybody: _Cube, manifest: Manifest) -> PersonaSummary:
    cube = everybody.persona(persona.segment_id)
    customers, value = _sum(cube.customers), _sum(cube.customer_lifetime_value)
    at_risk = _sum(cube.value_at_risk)
    return PersonaSummary(
        segment_id=persona.segment_id,
        name=persona.name,
        description=persona.description,
        recommended_actions=recommended(manifest.actions, persona.name),
        customers=customers,
        share=part(customers, _sum(everybody.customers)),
        customer_lifetime_value=money(value),
        average_customer_lifetime_value=average_money(value, customers),
        share_of_value=part(value, _sum(everybody.customer_lifetime_value)),
        average_churn_probability=average_share(_sum(cube.churn_probability), customers),
        value_at_risk=money(at_risk),
        share_of_value_at_risk=part(at_risk, _sum(everybody.value_at_risk)),
        risk_categories=_groups([rule.name for rule in manifest.risk_categories], cube.customers),
        value_tiers=_groups([rule.name for rule in manifest.value_tiers], cube.customers.T),
    )


def _groups(names: Sequence[str], customers: Exact) -> tuple[Group, ...]:
    return tuple(
        Group(name=name, customers=_sum(row)) for name, row in zip(names, customers, strict=True)
    )


def _risk_by_tier(cube: _Cube, manifest: Manifest) -> tuple[RiskOfTier, ...]:
    return tuple(
        RiskOfTier(
            risk_category=risk.name,
            value_tier=tier.name,
            customers=_sum(cube.customers[:, row, column]),
            value_at_risk=money(_sum(cube.value_at_risk[:, row, column])),
        )
        for row, risk in enumerate(manifest.risk_categories)
        for column, tier in enumerate(manifest.value_tiers)
    )


def _equal_edges(bins: int) -> tuple[float, ...]:
    return tuple(place / bins for place in range(bins))


def _sum(cells: Exact) -> int:
    return int(cells.sum())
