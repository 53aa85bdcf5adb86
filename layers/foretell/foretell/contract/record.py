"""The customer record.

The body of a request, the row of a batch file, the input of every ONNX graph and the features
that training computes from a transaction log are all this record, in this order and these units.
"""

from collections.abc import Sequence
from enum import StrEnum
from operator import attrgetter
from typing import Annotated, Final, Literal, get_args

import numpy as np
import numpy.typing as npt
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationInfo,
    field_validator,
)
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

CURRENCY: Final = "currency"
"""As a unit: the shop's, whichever that is."""


def _unit(name: str) -> dict[str, JsonValue]:
    """For whoever shows the field to people, in the record's JSON schema."""
    return {"x-unit": name}


MAX_RECORDS = 1_000
"""In one request; more than that is a file."""


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

    @property
    def reasons_file(self) -> str:
        """Name of the file with the model's Shapley values within a version."""
        return f"{self.value}_reasons.npz"

    @property
    def explained(self) -> "tuple[ModelName, ...]":
        """The models whose reasons an answer of this one gives."""
        return tuple(part for part in _EXPLAINED if self in {part, ModelName.COMPREHENSIVE})


_EXPLAINED: Final = (ModelName.CLV, ModelName.CHURN)


class CustomerRecord(BaseModel):
    """One customer as of today; recency is at most tenure_days.

    Optional fields that are left out, or null, stay missing. No others are taken.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
    )

    customer_id: Annotated[str, Field(max_length=128)] | None = Field(
        default=None,
        title="Customer",
        description="Your identifier; handed back unchanged, never looked up or logged.",
    )
    tenure_days: Days = Field(
        title="First purchase",
        json_schema_extra=_unit("days ago"),
        description="Days since the first purchase.",
    )
    recency: Days = Field(
        title="Last purchase",
        json_schema_extra=_unit("days ago"),
        description="Days since the last purchase; at most tenure_days.",
    )
    frequency: Annotated[float, Field(ge=0, le=3_000)] = Field(
        title="Purchase frequency",
        json_schema_extra=_unit("purchases per 30 days"),
        description=(
            "How often the customer buys: 30 x purchases / tenure_days, where a tenure of less"
            " than one day counts as one. All orders of one day are one purchase."
        ),
    )
    monetary: Money = Field(
        title="Total spend",
        json_schema_extra=_unit(CURRENCY),
        description="Total spend so far, in the shop's currency.",
    )
    age: Annotated[float, Field(ge=0, le=120)] | None = Field(
        default=None,
        title="Age",
        json_schema_extra=_unit("years"),
        description="Age in years.",
    )
    account_type: AccountType | None = Field(
        default=None, title="Account type", description="Kind of account."
    )
    avg_purchase_amount: Money | None = Field(
        default=None,
        title="Average purchase",
        json_schema_extra=_unit(CURRENCY),
        description="Spend per purchase; left out, it is monetary over purchases.",
    )
    email_open_rate: Annotated[float, Field(ge=0, le=100)] | None = Field(
        default=None,
        title="Emails opened",
        json_schema_extra=_unit("%"),
        description="Marketing mails opened in the last three months, in per cent of those sent.",
    )
    website_visits_per_month: Count | None = Field(
        default=None,
        title="Website visits",
        json_schema_extra=_unit("per month"),
        description="Website visits per month, mean of the last three months.",
    )
    support_tickets: Count | None = Field(
        default=None,
        title="Support tickets",
        json_schema_extra=_unit("in three months"),
        description="Support tickets opened in the last three months.",
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


class CustomerBatch(BaseModel):
    """Several customers in one request. Each is answered in place, whatever the others hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    records: Annotated[
        tuple[CustomerRecord, ...],
        Field(min_length=1, max_length=MAX_RECORDS, description="A customer record each."),
    ]


RECORD_FIELDS: tuple[str, ...] = tuple(
    name for name in CustomerRecord.model_fields if name != "customer_id"
)
"""Columns, in order, of the matrix that every graph takes."""


def to_matrix(records: Sequence[CustomerRecord]) -> npt.NDArray[np.float32]:
    """Records as input of a graph: shape (len(records), len(RECORD_FIELDS)), missing is NaN.

    account_type becomes its position in ACCOUNT_TYPES.
    """
    rows = [[_CODES.get(value, value) for value in _values(record)] for record in records]
    return np.array(rows, dtype=np.float32).reshape(len(records), len(RECORD_FIELDS))


_values: Final = attrgetter(*RECORD_FIELDS)
_CODES: Final[dict[str | None, float]] = {
    None: float("nan"),
    **{name: float(position) for position, name in enumerate(ACCOUNT_TYPES)},
}
