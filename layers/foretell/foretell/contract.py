"""What goes in and what comes out: the customer record and the predictions, one source of truth.

The body of a request, the row of a batch file, the input of every ONNX graph and the features
that training computes from a transaction log are all this record, in this order and these units.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Literal, get_args

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

AccountType = Literal["Basic", "Premium", "Enterprise"]
ACCOUNT_TYPES: tuple[str, ...] = get_args(AccountType)

# A century in days: longer than any shop remembers, short enough to catch hours or milliseconds.
MAX_DAYS = 36_525
MAX_MONEY = 1e9
# What a person can do in a month, with two orders of magnitude to spare.
MAX_COUNT = 1e6

Days = Annotated[float, Field(ge=0, le=MAX_DAYS)]
Money = Annotated[float, Field(ge=0, le=MAX_MONEY)]
Count = Annotated[float, Field(ge=0, le=MAX_COUNT)]

RiskCategory = Literal["Low Risk", "Medium Risk", "High Risk", "Critical Risk"]
ValueTier = Literal["Low Value", "Medium Value", "High Value", "Top Value"]


class ModelName(StrEnum):
    """The models a customer can be put to; each has its function, its graph and its route."""

    CLV = "clv"
    CHURN = "churn"
    SEGMENT = "segment"
    COMPREHENSIVE = "comprehensive"

    @property
    def graph_file(self) -> str:
        """Name of the model's ONNX file within a version."""
        return f"{self.value}.onnx"


class CustomerRecord(BaseModel):
    """One customer as of today. Optional fields that are left out stay missing."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "C-1042",
                    "tenure_days": 412,
                    "recency": 21,
                    "frequency": 0.95,
                    "monetary": 1240.5,
                    "account_type": "Premium",
                    "email_open_rate": 38,
                    "support_tickets": 1,
                }
            ]
        },
    )

    customer_id: Annotated[str, Field(max_length=128)] | None = Field(
        default=None, description="Your identifier; handed back unchanged, never logged."
    )
    tenure_days: Days = Field(description="Days since the first purchase.")
    recency: Days = Field(description="Days since the last purchase; at most tenure_days.")
    frequency: Annotated[float, Field(ge=0, le=3_000)] = Field(
        description=(
            "Purchases per 30 days of tenure: 30 x purchases / tenure_days, where a tenure of"
            " less than one day counts as one. All orders of one day are one purchase."
        ),
    )
    monetary: Money = Field(description="Total spend so far, in the shop's currency.")
    age: Annotated[float, Field(ge=0, le=120)] | None = Field(
        default=None, description="Age in years."
    )
    account_type: AccountType | None = Field(default=None, description="Kind of account.")
    avg_purchase_amount: Money | None = Field(
        default=None, description="Spend per purchase; left out, it is monetary over purchases."
    )
    email_open_rate: Annotated[float, Field(ge=0, le=100)] | None = Field(
        default=None,
        description="Marketing mails opened in the last three months, in per cent of those sent.",
    )
    website_visits_per_month: Count | None = Field(
        default=None, description="Website visits per month, mean of the last three months."
    )
    support_tickets: Count | None = Field(
        default=None, description="Support tickets opened in the last three months."
    )

    @field_validator("recency")
    @classmethod
    def _last_purchase_follows_the_first(cls, recency: float, info: ValidationInfo) -> float:
        tenure_days = info.data.get("tenure_days")  # absent when it was itself refused
        if tenure_days is not None and recency > tenure_days:
            raise PydanticCustomError(
                "recency_exceeds_tenure",
                "Input should be at most tenure_days:"
                " the last purchase cannot come before the first",
            )
        return recency


RECORD_FIELDS: tuple[str, ...] = tuple(
    name for name in CustomerRecord.model_fields if name != "customer_id"
)
"""Columns, in order, of the matrix that every graph takes."""


def to_matrix(records: Sequence[CustomerRecord]) -> npt.NDArray[np.float32]:
    """Records as input of a graph: shape (len(records), len(RECORD_FIELDS)), missing is NaN.

    account_type becomes its position in ACCOUNT_TYPES.
    """
    rows = [[_number(getattr(record, name)) for name in RECORD_FIELDS] for record in records]
    return np.array(rows, dtype=np.float32).reshape(len(records), len(RECORD_FIELDS))


def _number(value: float | str | None) -> float:
    if value is None:
        return float("nan")
    return float(ACCOUNT_TYPES.index(value)) if isinstance(value, str) else value


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


class ChurnPrediction(Prediction):
    """Whether the customer is about to leave."""

    churn_probability: float = Field(
        ge=0, le=1, description="Probability of no purchase in the next horizon_days."
    )
    horizon_days: int = Field(description="How far ahead the models look, in days.")
    risk_category: RiskCategory = Field(description="The probability in words.")


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
    recommended_actions: tuple[str, ...] = Field(description="What to do, most useful first.")


class ComprehensivePrediction(SegmentPrediction, ChurnPrediction, ClvPrediction):
    """All three answers, and what is at stake."""

    value_at_risk: float = Field(
        ge=0, description="customer_lifetime_value x churn_probability, in the shop's currency."
    )
