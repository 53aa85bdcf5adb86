"""The answers: what every model says of a customer, and why."""

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

RiskCategory = Literal["Low Risk", "Medium Risk", "High Risk", "Critical Risk"]
ValueTier = Literal["Low Value", "Medium Value", "High Value", "Top Value"]
Direction = Literal["raises", "lowers"]


class Prediction(BaseModel):
    """What every answer carries."""

    model_config = ConfigDict(frozen=True)

    customer_id: str | None = Field(default=None, description="As sent; absent if none was.")
    model_version: str = Field(description="The published version that answered.")


class SpendInterval(BaseModel):
    """What a customer like this may well spend. Measured on customers the models never saw."""

    model_config = ConfigDict(frozen=True)

    low: float = Field(ge=0, description="One customer in ten spends less than this; often 0.")
    median: float = Field(
        ge=0,
        description=(
            "Half of such customers spend less. Under the expected spend, because few spend much;"
            " 0, or next to it, for whoever more likely than not buys nothing."
        ),
    )
    high: float = Field(ge=0, description="One customer in ten spends more than this.")
    coverage: float = Field(description="Share of the customers between low and high.")


class Reason(BaseModel):
    """What one field of the record did to this customer's churn probability."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(description="Field of the record.")
    value: float | str | None = Field(
        default=None, description="As sent; absent if the field was left out."
    )
    contribution: float = Field(
        description=(
            "Exact Shapley value, in points of probability: .12 is twelve percentage points. What"
            " was computed from the field counts for it; an avg_purchase_amount that was left out"
            " counts for monetary."
        )
    )
    direction: Direction = Field(description="Whether it raises or lowers the probability.")
    sentence: str = Field(description="The same for people.")


class Driver(BaseModel):
    """By which factor something moves this customer's lifetime value away from the typical one."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(
        description=(
            "still_active (the probability of being a customer still), buying_rate (purchases"
            " within horizon_days of one who is), order_value (spend per purchase), or the field"
            " of the record by which the trees correct the three."
        )
    )
    value: float | str | None = Field(
        default=None, description="What it is for this customer; absent if it is not known."
    )
    factor: float = Field(gt=0, description="1.5 is half as much again, 0.5 is half.")
    direction: Direction = Field(description="Whether it raises or lowers the value.")
    sentence: str = Field(description="The same for people.")


class ClvPrediction(Prediction):
    """What the customer will be worth."""

    customer_lifetime_value: float = Field(
        ge=0, description="Expected spend over the next horizon_days, in the shop's currency."
    )
    interval: SpendInterval = Field(
        description="Around the median of the spend over the same days, in the same currency."
    )
    horizon_days: int = Field(description="How far ahead the models look, in days.")
    value_tier: ValueTier = Field(
        description="Where that value stands among the customers of the training data."
    )
    typical_value: float | None = Field(
        default=None,
        description=(
            "Geometric mean over the customers of the training data; times all factors of the"
            " drivers it is customer_lifetime_value. Absent with explain=false."
        ),
    )
    drivers: tuple[Driver, ...] | None = Field(
        default=None, description="Strongest first; absent with explain=false."
    )


class ChurnPrediction(Prediction):
    """Whether the customer is about to leave."""

    churn_probability: float = Field(
        ge=0, le=1, description="Probability of no purchase in the next horizon_days."
    )
    horizon_days: int = Field(description="How far ahead the models look, in days.")
    risk_category: RiskCategory = Field(description="The probability in words.")
    base_rate: float | None = Field(
        default=None,
        description=(
            "Churn probability of a customer of whom nothing is known; with all contributions of"
            " the reasons it is churn_probability. Absent with explain=false."
        ),
    )
    reasons: tuple[Reason, ...] | None = Field(
        default=None, description="Strongest first; absent with explain=false."
    )


class SegmentPrediction(Prediction):
    """Which of the personas the customer is."""

    segment_id: int = Field(ge=0, description="Number of the persona.")
    segment_name: str = Field(description="Name of the persona.")
    distance_to_center: float = Field(
        ge=0,
        description=(
            "Distance to the persona's centre in standard deviations of the portfolio:"
            " the smaller, the more typical."
        ),
    )
    recommended_actions: tuple[str, ...] = Field(
        description=(
            "What to do, most useful first; where risk and value are answered, too, it depends on"
            " all three."
        )
    )


class ComprehensivePrediction(SegmentPrediction, ChurnPrediction, ClvPrediction):
    """All three answers, and what is at stake."""

    value_at_risk: float = Field(
        ge=0, description="customer_lifetime_value x churn_probability, in the shop's currency."
    )


class Fault(BaseModel):
    """What is wrong with one field; never the value."""

    model_config = ConfigDict(frozen=True)

    field: str = Field(description="As the caller wrote it.")
    reason: str


P = TypeVar("P", bound=Prediction)


class BatchResult(BaseModel, Generic[P]):
    """The answer to one record of several: its prediction, or what is wrong with it."""

    model_config = ConfigDict(frozen=True)

    prediction: P | None = Field(default=None, description="Absent if the record was refused.")
    errors: tuple[Fault, ...] | None = Field(default=None, description="Absent if it was not.")

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Such as ClvPredictionResult: the name in the API's document."""
        return f"{params[0].__name__}Result"


class BatchPrediction(BaseModel, Generic[P]):
    """The answers to several records."""

    model_config = ConfigDict(frozen=True)

    model_version: str = Field(description="The published version that answered.")
    predicted: int = Field(description="Records with a prediction.")
    refused: int = Field(description="Records with errors.")
    results: tuple[BatchResult[P], ...] = Field(description="One for each record, in their order.")

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Such as ClvPredictionBatch: the name in the API's document."""
        return f"{params[0].__name__}Batch"
