"""Which rows are possible customers: the contract, for a whole column at a time.

The columns are looked at quickly, to find the rows that need a closer look; that one is pydantic's,
so that a row of a file is refused for the same reasons, in the same words, as a request.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from foretell.batch.rows import Records
from foretell.contract import ACCOUNT_TYPES, RECORD_FIELDS, CustomerRecord, Fault, to_matrix
from foretell.problems import faults

REQUIRED: Final = tuple(
    name for name in RECORD_FIELDS if CustomerRecord.model_fields[name].is_required()
)
"""The fields that a file must have a column for."""

LONGEST_ID: Final = 128
"""Characters; a row with a longer customer_id needs the closer look."""


def doubtful(values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which rows of shape (rows, len(RECORD_FIELDS)) may break a rule, shape (rows,).

    They are records before they lose their digits to float32: account types are codes, what is
    missing is NaN.
    """
    wrong = (values < _LEAST) | (values > _MOST)
    wrong[:, _REQUIRED_COLUMNS] |= np.isnan(values[:, _REQUIRED_COLUMNS])
    wrong[:, _RECENCY] |= values[:, _RECENCY] > values[:, _TENURE]
    return np.asarray(wrong.any(axis=1))


def examine(values: Mapping[str, object]) -> Records | tuple[Fault, ...]:
    """One row by the names of the contract: its record, shape (len(RECORD_FIELDS),), or its faults.

    A number that was no number is to be handed in as the text that it was.
    """
    try:
        record: Records = to_matrix([CustomerRecord.model_validate(dict(values))])[0]
    except ValidationError as error:
        return faults(error.errors(include_url=False))
    return record


def _bound(name: str, rule: str, otherwise: float) -> float:
    schema: dict[str, Any] = CustomerRecord.model_json_schema()["properties"][name]
    # What may be left out is a number or null.
    kinds = schema.get("anyOf", [schema])
    return next((float(kind[rule]) for kind in kinds if rule in kind), otherwise)


_REQUIRED_COLUMNS: Final = [RECORD_FIELDS.index(name) for name in REQUIRED]
_TENURE: Final = RECORD_FIELDS.index("tenure_days")
_RECENCY: Final = RECORD_FIELDS.index("recency")
_KIND: Final = RECORD_FIELDS.index("account_type")
_LEAST: Final = np.array([_bound(name, "minimum", 0.0) for name in RECORD_FIELDS], np.float64)
_MOST: Final = np.array([_bound(name, "maximum", math.inf) for name in RECORD_FIELDS], np.float64)
_MOST[_KIND] = len(ACCOUNT_TYPES) - 1
