"""Why: the reasons of the customers with most at stake, and of those at risk together."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from foretell.actions import recommended
from foretell.batch.rows import Records
from foretell.batch.summary.document import (
    CustomerAtStake,
    ReasonAmongMany,
    ReasonsAtRisk,
    ToldReason,
)
from foretell.batch.summary.told import money, share
from foretell.batch.summary.top import TopCustomer
from foretell.contract import (
    ACCOUNT_TYPES,
    RECORD_FIELDS,
    ChurnPrediction,
    CustomerRecord,
    ModelName,
    Prediction,
    SpendInterval,
)
from foretell.manifest import Manifest
from foretell.predictor import Predictor

TOLD: Final = 3
"""Reasons for each customer."""

_AVG_PURCHASE_AMOUNT: Final = RECORD_FIELDS.index("avg_purchase_amount")
_MONETARY: Final = RECORD_FIELDS.index("monetary")

Told = dict[str, float | str | None]


def customers_at_stake(
    customers: Sequence[TopCustomer], manifest: Manifest, predictor: Predictor
) -> tuple[CustomerAtStake, ...]:
    """Each with the answers that were written to the file, and with reasons."""
    records = [_record(customer.record) for customer in customers]
    explained = predictor.predict(
        [CustomerRecord.model_validate(record) for record in records], explain=True
    )
    return tuple(
        _at_stake(customer, record, _reasons(prediction), manifest)
        for customer, record, prediction in zip(customers, records, explained, strict=True)
    )


def reasons_at_risk(records: Records, customers: int, predictor: Predictor) -> ReasonsAtRisk:
    """Those of churn over the records of a sample of so many customers at risk."""
    return ReasonsAtRisk(
        customers_at_risk=customers,
        sampled=len(records),
        fields=_among_many(_contributions(records, predictor)) if len(records) else (),
    )


def _record(values: Sequence[float | None]) -> Told:
    told: Told = {
        # The shortest number that is this float32: 95.4 as it was sent, not 95.4000015.
        name: None if value is None else float(str(np.float32(value)))
        for name, value in zip(RECORD_FIELDS, values, strict=True)
    }
    code = told["account_type"]
    return told | {"account_type": None if code is None else ACCOUNT_TYPES[int(code)]}


def _reasons(prediction: Prediction) -> tuple[ToldReason, ...]:
    found = prediction.reasons if isinstance(prediction, ChurnPrediction) else None
    return tuple(
        ToldReason(sentence=reason.sentence, contribution=reason.contribution)
        for reason in (found or ())[:TOLD]
    )


def _at_stake(
    customer: TopCustomer, record: Told, reasons: tuple[ToldReason, ...], manifest: Manifest
) -> CustomerAtStake:
    persona = manifest.personas[customer.segment_id]
    risk = manifest.risk_categories[customer.risk_category].name
    tier = manifest.value_tiers[customer.value_tier].name
    return CustomerAtStake(
        row=customer.row,
        customer_id=customer.customer_id,
        customer_lifetime_value=money(customer.customer_lifetime_value),
        interval=SpendInterval(
            low=money(customer.interval_low),
            median=money(customer.interval_median),
            high=money(customer.interval_high),
            coverage=manifest.interval_coverage,
        ),
        value_tier=tier,
        churn_probability=share(customer.churn_probability),
        risk_category=risk,
        segment_id=persona.segment_id,
        segment_name=persona.name,
        distance_to_center=share(customer.distance_to_center),
        value_at_risk=money(customer.value_at_risk),
        recommended_actions=recommended(manifest.actions, persona.name, risk, tier),
        reasons=reasons,
        record=record,
    )


def _contributions(records: Records, predictor: Predictor) -> npt.NDArray[np.float64]:
    features = predictor.run(records, explain=True)["features"]
    points = predictor.reasons[ModelName.CHURN].contributions(features).astype(np.float64)
    # An average purchase that was left out was worked out from monetary, as foretell.reasons tells.
    left_out = np.isnan(records[:, _AVG_PURCHASE_AMOUNT])
    points[left_out, _MONETARY] += points[left_out, _AVG_PURCHASE_AMOUNT]
    points[left_out, _AVG_PURCHASE_AMOUNT] = 0
    return points


def _among_many(points: npt.NDArray[np.float64]) -> tuple[ReasonAmongMany, ...]:
    means, absolute = points.mean(axis=0), np.abs(points).mean(axis=0)
    raised = points[points.max(axis=1) > 0]
    strongest = np.bincount(raised.argmax(axis=1), minlength=len(RECORD_FIELDS)) / len(points)
    return tuple(
        ReasonAmongMany(
            name=RECORD_FIELDS[place],
            mean_contribution=round(float(means[place]), 6),
            mean_absolute_contribution=round(float(absolute[place]), 6),
            strongest_share=round(float(strongest[place]), 6),
        )
        for place in np.argsort(-absolute, kind="stable").tolist()
    )
