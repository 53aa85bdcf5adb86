"""A cut-off day and what followed it, and which of its customers a fit may see."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import pandas as pd

from foretell.tables import Tables
from training import examples, features
from training.examples import Examples, Mask

YEAR: Final = 365

Unseen = Callable[[Iterable[str]], Mask]
"""Which of the customers no fit may see: the same ones, whatever the day."""


@dataclass(frozen=True)
class Period:
    """The customers at the end of a day, and what they did in the days after it."""

    cutoff: date
    horizon_days: int
    features: pd.DataFrame
    """As training.features has them."""
    examples: Examples

    @property
    def customer_ids(self) -> "pd.Series[str]":
        """In the order of the rows."""
        return self.features["customer_id"]


@dataclass(frozen=True)
class LabelWindow:
    """What the labels of a training look at: the days (cutoff, cutoff + horizon_days]."""

    cutoff: date
    horizon_days: int


def label_window(first_day: date, as_of: date, horizon_days: int) -> LabelWindow:
    """The days to learn from for a forecast of the `horizon_days` after `as_of`.

    With two years of history these are the same days a year before: a spring learnt from an
    autumn is off by the season (on the simulated shop by 30 to 40 per cent). With less, the days
    that end with `as_of`, half of the history at the most.
    """
    history = (as_of - first_day).days
    if history >= 2 * YEAR and horizon_days <= YEAR:
        return LabelWindow(as_of - timedelta(days=YEAR), horizon_days)
    observed = min(horizon_days, history // 2)
    return LabelWindow(as_of - timedelta(days=observed), observed)


def period(tables: Tables, cutoff: date, horizon_days: int) -> Period:
    """Features up to the cut-off, labels over the days (cutoff, cutoff + horizon_days]."""
    past, followed = features.labelled_customers(tables, cutoff, horizon_days)
    return Period(cutoff, horizon_days, past, examples.examples(past, followed))


def a_quarter(customer_ids: Iterable[str]) -> Mask:
    """A quarter of the customers: always the same ones, whoever else is in the log."""
    return _chosen(customer_ids, "", 64)


def half(seed: int) -> Unseen:
    """A random half of the customers for each seed."""
    return lambda customer_ids: _chosen(customer_ids, f"{seed}:", 128)


def _chosen(customer_ids: Iterable[str], salt: str, of_256: int) -> Mask:
    return np.array(
        [hashlib.sha256(f"{salt}{name}".encode()).digest()[0] < of_256 for name in customer_ids],
        dtype=np.bool_,
    )
