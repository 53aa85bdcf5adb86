"""One simulated shop, learnt by both sides."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from foretell import tables
from foretell.contract import RECORD_FIELDS
from foretell.registry import Registry
from foretell.tables import Sources, Tables
from tests.benchmarks.peer.train import train as train_peer
from tests.benchmarks.question import Record
from training import features, simulate
from training.periods import label_window, period
from training.request import DEFAULT_HORIZON_DAYS, TrainingRequest
from training.run import train

CUSTOMERS: Final = 5_000
ASKED_ABOUT: Final = 100
"""Customers in one request."""

Step = Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True)
class Trained:
    """What there is to measure."""

    version: str
    peer_models: Path
    records: tuple[Record, ...]
    """Of the first customers of the shop, as a caller would send them."""
    customers: pd.DataFrame
    """All of them, as of the last day."""


def learn(folder: Path, registry: Registry, step: Step) -> Trained:
    """Simulate the shop; publish our version of it, and fit the peer's models on the same days."""
    with step(f"Simulating a shop of {CUSTOMERS:,} customers"):
        simulate.write(simulate.simulate(CUSTOMERS, seed=1), folder)
    names = ("transactions", "customers", "engagement")
    sources = Sources(**{name: str(folder / f"{name}.csv") for name in names})
    with step("Training and publishing ours"):
        result = train(
            TrainingRequest(sources, force="benchmark"), registry, lambda _: nullcontext()
        )
    with step("Training the peer"), tables.load(sources) as loaded:
        train_peer(_past(loaded), folder / "peer")
        customers = features.customer_features(loaded, loaded.last_day)
    records = _records(customers.head(ASKED_ABOUT))
    return Trained(result.version, folder / "peer", records, customers)


def _past(loaded: Tables) -> pd.DataFrame:
    window = label_window(loaded.first_day, loaded.last_day, DEFAULT_HORIZON_DAYS)
    past = period(loaded, window.cutoff, window.horizon_days)
    return past.features[list(RECORD_FIELDS)].assign(
        spend=past.examples.spend, churned=past.examples.churned
    )


def _records(customers: pd.DataFrame) -> tuple[Record, ...]:
    rows = customers[["customer_id", *RECORD_FIELDS]].to_dict("records")
    return tuple({name: value for name, value in row.items() if not pd.isna(value)} for row in rows)
