"""A manifest of a version that was never trained, for tests of what reads manifests."""

from datetime import date

from foretell.manifest import Baselines, Evaluation, Manifest, TrainingData

AS_OF = date(2025, 12, 31)


def a_manifest(**changed: object) -> Manifest:
    """One with hardly anything in it, but for what is `changed`."""
    values: dict[str, object] = {
        "horizon_days": 180,
        "training_horizon_days": 180,
        "interval_coverage": 0.8,
        "evaluation": Evaluation(
            protocol="temporal",
            customers=4,
            cutoff=date(2025, 7, 4),
            horizon_days=180,
            learnt_cutoff=date(2024, 7, 4),
            learnt_horizon_days=180,
            tenths=(),
            reliability=(),
            reliability_peer=None,
        ),
        "gates": (),
        "features": ("recency",),
        "data": TrainingData(
            first_day=date(2023, 1, 1),
            last_day=AS_OF,
            as_of=AS_OF,
            label_cutoff=date(2025, 7, 4),
            transactions=10,
            customers=5,
            training_customers=4,
            churn_rate=0.5,
        ),
        "metrics": {},
        "importances": {},
        "value_tiers": (),
        "risk_categories": (),
        "personas": (),
        "actions": (),
        "baselines": Baselines(
            churn_probability=0.4,
            still_active=0.5,
            buying_rate=2,
            order_value=50,
            correction=1.1,
            smallest_expected_spend=0.25,
        ),
        "drift_baseline": {},
        "parity": {},
        "libraries": {},
        "files": {},
    }
    return Manifest.model_validate(values | changed)
