"""summary.json: what a page shows of a run.

Amounts are in the shop's currency, to the cent; probabilities and shares are between 0 and 1, to
the millionth. Counts and amounts are exact.
"""

import json
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from foretell.batch.runs import SourceFile
from foretell.contract import RiskCategory, SpendInterval, ValueTier

DriftVerdict = Literal["stable", "shifted", "drifted", "too few rows"]


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class RejectedKind(_Document):
    """One kind of fault; what the rows hold is in rejected.csv alone."""

    field: str = Field(description="Field of the record, as the file names it.")
    reason: str = Field(description="As it is told of first_row; numbers in it may differ.")
    rows: int = Field(description="Rows with this fault; they may have others besides.")
    first_row: int = Field(description="Number of the first of them in the file.")


class Totals(_Document):
    """The portfolio in a few figures."""

    customers: int = Field(description="Rows with a prediction.")
    customer_lifetime_value: float = Field(
        description="Expected spend of all customers over horizon_days."
    )
    average_customer_lifetime_value: float | None = Field(
        description="Per customer; null where there is none."
    )
    sum_of_interval_lows: float = Field(
        description=(
            "All customers' lows added up. As with the highs, a sum of bounds is no bound of the"
            " sum: customers are not all unlucky at once."
        )
    )
    sum_of_interval_medians: float = Field(description="All customers' medians added up.")
    sum_of_interval_highs: float = Field(description="All customers' highs added up.")
    expected_churners: float = Field(
        description="Sum of the churn probabilities: as many are expected to leave."
    )
    average_churn_probability: float | None = Field(
        description="Per customer; null where there is none."
    )
    customers_at_risk: int = Field(description="Those in the two highest risk categories.")
    share_at_risk: float = Field(description="Of the customers.")
    value_at_risk: float = Field(description="Sum of customer_lifetime_value x churn_probability.")


class Quantiles(_Document):
    """Read off the histogram, interpolated within its bins; null where there is no customer."""

    p10: float | None = Field(description="One customer in ten is below it.")
    p25: float | None = Field(description="One customer in four is below it.")
    p50: float | None = Field(description="Half of the customers are below it.")
    p75: float | None = Field(description="Three customers in four are below it.")
    p90: float | None = Field(description="Nine customers in ten are below it.")


class Distribution(_Document):
    """A histogram on a scale that is the same in all summaries."""

    edges: tuple[float, ...] = Field(
        description="Where each bin begins; it ends before the next, and the last one is open."
    )
    customers: tuple[int, ...] = Field(description="One count for each bin.")
    quantiles: Quantiles = Field(description="In the unit of the edges.")


class Density(_Document):
    """Customers and what is at stake by churn probability and lifetime value."""

    churn_edges: tuple[float, ...] = Field(description="Where each bin of churn begins.")
    value_edges: tuple[float, ...] = Field(
        description="Where each bin of lifetime value begins, in the shop's currency."
    )
    customers: tuple[tuple[int, ...], ...] = Field(
        description="One row for each bin of churn, in it one count for each bin of value."
    )
    value_at_risk: tuple[tuple[float, ...], ...] = Field(
        description="Sums of the same shape, in the shop's currency."
    )


class Group(_Document):
    """How many customers bear a name."""

    name: str = Field(description="Of a risk category or a value tier.")
    customers: int = Field(description="Count.")


class PersonaSummary(_Document):
    """The customers who are one persona."""

    segment_id: int = Field(description="Number of the persona.")
    name: str = Field(description="Of the persona.")
    description: str = Field(description="What they are like.")
    recommended_actions: tuple[str, ...] = Field(
        description="What to do about all of them, most useful first."
    )
    customers: int = Field(description="Count.")
    share: float = Field(description="Of the customers.")
    customer_lifetime_value: float = Field(description="Of all of them.")
    average_customer_lifetime_value: float | None = Field(description="Null where nobody is it.")
    share_of_value: float = Field(description="Of the lifetime value of all customers.")
    average_churn_probability: float | None = Field(description="Null where nobody is it.")
    value_at_risk: float = Field(description="Of all of them.")
    share_of_value_at_risk: float = Field(description="Of that of all customers.")
    risk_categories: tuple[Group, ...] = Field(description="From low to critical.")
    value_tiers: tuple[Group, ...] = Field(description="From low to top.")


class RiskOfTier(_Document):
    """The customers of one risk category and value tier."""

    risk_category: RiskCategory = Field(description="Their churn probability in words.")
    value_tier: ValueTier = Field(description="Their lifetime value in words.")
    customers: int = Field(description="Count.")
    value_at_risk: float = Field(description="Of all of them, in the shop's currency.")


class ToldReason(_Document):
    """A reason for a customer's churn probability."""

    sentence: str = Field(description="For people.")
    contribution: float = Field(
        description="Points of probability; over 0 it raises the probability, under 0 lowers it."
    )


class CustomerAtStake(_Document):
    """One of the customers with most value at risk."""

    row: int = Field(description="Number of the row in the file.")
    customer_id: str | None = Field(description="Null where the file has none.")
    customer_lifetime_value: float = Field(description="Expected spend over horizon_days.")
    interval: SpendInterval = Field(description="Around the median of that spend.")
    value_tier: ValueTier = Field(description="The lifetime value in words.")
    churn_probability: float = Field(description="Probability of no purchase in horizon_days.")
    risk_category: RiskCategory = Field(description="The churn probability in words.")
    segment_id: int = Field(description="Number of the persona.")
    segment_name: str = Field(description="Name of the persona.")
    distance_to_center: float = Field(
        description="To the persona's centre, in standard deviations of the portfolio."
    )
    value_at_risk: float = Field(description="customer_lifetime_value x churn_probability.")
    recommended_actions: tuple[str, ...] = Field(description="Most useful first.")
    reasons: tuple[ToldReason, ...] = Field(description="The three strongest, strongest first.")
    record: dict[str, float | str | None] = Field(
        description="Fields of the customer record as they were scored; null is missing."
    )


class ReasonAmongMany(_Document):
    """What one field of the record did to the churn probabilities of the customers at risk."""

    name: str = Field(description="Field of the record.")
    mean_contribution: float = Field(description="Points of probability.")
    mean_absolute_contribution: float = Field(
        description="Points of probability, up or down: how much the field counts."
    )
    strongest_share: float = Field(
        description="Share of them for whom it is the strongest reason to leave."
    )


class ReasonsAtRisk(_Document):
    """Why customers are at risk, over a uniform sample of them."""

    customers_at_risk: int = Field(description="All of them.")
    sampled: int = Field(description="Those whose reasons were worked out: all, or 5,000.")
    fields: tuple[ReasonAmongMany, ...] = Field(
        description="What counts most first; empty where nobody is at risk."
    )


class FieldDrift(_Document):
    """How one field of the record is distributed, against the training data."""

    name: str = Field(description="Field of the record.")
    psi: float | None = Field(
        default=None,
        description="Population stability index; null without customers.",
    )
    psi_by_chance: float | None = Field(
        default=None,
        description="About what it would be were the customers drawn from the training data.",
    )
    missing: float | None = Field(default=None, description="Share of customers without a value.")
    missing_in_training: float = Field(description="The same share in the training data.")
    verdict: DriftVerdict = Field(
        description="stable: psi under .1; shifted: up to .25; drifted: over it."
    )


class Drift(_Document):
    """Whether these customers are like those of the training data."""

    verdict: DriftVerdict = Field(description="That of the worst field.")
    fields: tuple[FieldDrift, ...] = Field(description="In the order of the record.")


class Summary(_Document):
    """A run's summary: the same for the same file and version, however it was scored."""

    run_id: str = Field(description="Where the run's files are: runs/<run_id>/.")
    source: SourceFile = Field(description="The file that was dropped.")
    model_version: str = Field(description="The published version that answered.")
    horizon_days: int = Field(description="How far ahead the models look, in days.")
    rows: int = Field(description="Of the file; all are either predicted or rejected.")
    predicted: int = Field(description="Rows with a prediction; all figures below are of these.")
    rejected: int = Field(description="Rows without; rejected.csv has them.")
    rejections: tuple[RejectedKind, ...] = Field(description="Most frequent first; at most 200.")
    faults_left_out: int = Field(
        description="Faults of kinds beyond those, counted once for each row."
    )
    totals: Totals = Field(description="Over all customers.")
    customer_lifetime_value: Distribution = Field(
        description="In the shop's currency; the first bin is those worth nothing."
    )
    churn_probability: Distribution = Field(
        description="Probability of no purchase in horizon_days."
    )
    density: Density = Field(description="The two together, on coarser scales.")
    personas: tuple[PersonaSummary, ...] = Field(description="In the order of segment_id.")
    risk_by_tier: tuple[RiskOfTier, ...] = Field(
        description="Each combination, from low risk and low value to critical risk and top value."
    )
    top_customers: tuple[CustomerAtStake, ...] = Field(
        description="Those with most value at risk, most first; at most 200."
    )
    reasons: ReasonsAtRisk = Field(description="Of the customers at risk, together.")
    drift: Drift = Field(description="Against the training data.")

    def to_bytes(self) -> bytes:
        """The one byte sequence of this summary: JSON, sorted keys, a final newline."""
        text = json.dumps(
            self.model_dump(mode="json"),
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
            allow_nan=False,
        )
        return f"{text}\n".encode()
