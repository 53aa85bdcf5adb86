"""Feature frames as the matrices the models are fitted on."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from foretell.contract import ACCOUNT_TYPES, RECORD_FIELDS

Records = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

REQUIRED_FIELDS: Final = 4
"""The first fields of the record; the others may be left out."""

_LEFT_OUT: Final = 0.5


@dataclass(frozen=True)
class Examples:
    """Customers as of a cut-off, and what they did within the horizon; a row each."""

    records: Records
    spend: npt.NDArray[np.float64]
    churned: Mask
    copies: int = 1
    """Rows that each customer appears in."""

    def of(self, rows: Mask) -> Self:
        """Some of the customers."""
        return type(self)(self.records[rows], self.spend[rows], self.churned[rows], self.copies)


def records(features: pd.DataFrame) -> Records:
    """Customer records as contract.to_matrix has them: shape (customers, len(RECORD_FIELDS))."""
    codes = {name: code for code, name in enumerate(ACCOUNT_TYPES)}
    numeric = features.assign(account_type=features["account_type"].map(codes))
    return numeric[list(RECORD_FIELDS)].to_numpy(dtype=np.float32, na_value=np.nan)


def examples(features: pd.DataFrame, labels: pd.DataFrame) -> Examples:
    """Features and labels of the same customers in the same order."""
    return Examples(
        records(features),
        labels["spend"].to_numpy(dtype=np.float64),
        labels["purchases"].to_numpy() == 0,
    )


def with_gaps(complete: Examples, seed: int) -> Examples:
    """Each customer twice: as known, and with optional fields left out.

    Callers of the API may send the required fields alone, or any of the others, while a shop that
    has a field has it for nearly everybody: fitted on that alone, the forecasts for a caller who
    leaves it out would be arbitrary. Of the second rows one half keeps nothing optional, and the
    other loses each field with even odds.
    """
    optional = complete.records[:, REQUIRED_FIELDS:]
    if not _says_anything(optional):
        return complete
    random = np.random.default_rng(seed)
    gone = random.random(optional.shape) < _LEFT_OUT
    gone[random.random(len(optional)) < _LEFT_OUT] = True
    thinned = complete.records.copy()
    thinned[:, REQUIRED_FIELDS:][gone] = np.nan
    return Examples(
        np.concatenate([complete.records, thinned]),
        np.tile(complete.spend, 2),
        np.tile(complete.churned, 2),
        copies=2,
    )


def _says_anything(optional: Records) -> bool:
    """Whether any optional field is known that does not follow from the required ones."""
    follows = RECORD_FIELDS.index("avg_purchase_amount") - REQUIRED_FIELDS
    return not np.isnan(np.delete(optional, follows, axis=1)).all()
