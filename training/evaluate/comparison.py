"""Our models beside the classic ones on one log, over several draws of the held-out half."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pandas as pd

from foretell import tables
from foretell.contract import ModelName
from foretell.tables import Sources, Tables
from training import features, simulate
from training.errors import InputError
from training.evaluate import peers, protocol, stability
from training.evaluate.figures import MEASURES, Measure
from training.evaluate.hold_out import CLASSIC, FORETELL, Forecast, HoldOut
from training.evaluate.peers import History
from training.examples import records
from training.graph.preprocessing import behaviour
from training.models import segment
from training.periods import Period, Unseen, half, period

TRUTH: Final = "Known truth"

Protocol = Literal["split", "temporal"]
Step = Callable[[str], AbstractContextManager[None]]

_BOOTSTRAPS: Final = 20
_WEEKS: Final = 4
_FEWEST_CUSTOMERS: Final = 500


@dataclass(frozen=True)
class Spread:
    """One figure over the seeds."""

    mean: float
    half_width: float | None
    """Of the 95 % confidence interval (Student's t over the seeds); None with a single seed."""
    values: tuple[float, ...]


@dataclass(frozen=True)
class Compared:
    """One figure of every method that has it; ours comes first."""

    model: ModelName
    measure: Measure
    methods: Mapping[str, Spread]

    def best_peer(self) -> str | None:
        """The peer that does best, by the mean; the truth is none."""
        rivals = [name for name in self.methods if name not in {FORETELL, TRUTH}]
        return min(rivals, key=lambda name: self.loss(self.methods[name].mean), default=None)

    def loss(self, value: float) -> float:
        """The smaller, the better."""
        if self.measure.better == "near":
            return abs(value - (self.measure.target or 0))
        return value if self.measure.better == "lower" else -value


@dataclass(frozen=True)
class Stability:
    """How well customers keep their personas; each a mean and the worst."""

    personas: Mapping[str, float]
    """Share of the customers by persona."""
    agreement: Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Comparison:
    """All of it."""

    protocol: Protocol
    seeds: int
    asked: Period
    learning: Period
    figures: tuple[Compared, ...]
    stability: Stability
    failures: Mapping[str, str]
    """Peers that could not be fitted, and why."""

    def peers_ahead(self) -> tuple[Compared, ...]:
        """Where a peer does better than we do."""
        return tuple(
            found
            for found in self.figures
            if (peer := found.best_peer()) is not None
            and found.loss(found.methods[peer].mean) < found.loss(found.methods[FORETELL].mean)
        )


def evaluate(
    sources: Sources,
    cutoff: date,
    horizon_days: int,
    kind: Protocol,
    seeds: int,
    truth: Path | None,
    step: Step,
) -> Comparison:
    """Half of the customers are asked about, by the others' example; once for each seed.

    Raises:
        InputError: the tables cannot be read, the log is too small or too short, `lifetimes` is
            missing, or the truth is not that of these customers.

    """
    with step("Reading the tables"):
        loaded = tables.load(sources)
    with loaded:
        with step("Computing the features"):
            _check_days(loaded, cutoff, horizon_days)
            asked = period(loaded, cutoff, horizon_days)
            learning = _learning(loaded, asked, kind)
            known_truth = None if truth is None else _truth(pd.read_csv(truth), asked)
        hold_outs: list[HoldOut] = []
        failures: dict[str, str] = {}
        for seed in range(seeds):
            with step(f"Seed {seed + 1} of {seeds}"):
                unseen = half(seed)
                classic = _peers(asked, unseen)
                failures |= classic.failures
                found = protocol.measure(learning, asked, unseen)
                hold_outs.append(_beside(found, classic.forecasts, known_truth, asked, unseen))
        with step("Stability of the personas"):
            stable = _stability(loaded, asked)
    return Comparison(kind, seeds, asked, learning, _figures(hold_outs), stable, failures)


def _check_days(loaded: Tables, cutoff: date, horizon_days: int) -> None:
    if not loaded.first_day < cutoff <= loaded.last_day:
        raise InputError(
            f"--cutoff {cutoff}: the transactions run from {loaded.first_day} to"
            f" {loaded.last_day}; give a day between"
        )
    watched = (loaded.last_day - cutoff).days
    if watched < horizon_days:
        raise InputError(
            f"--horizon-days {horizon_days}: only {watched} days of transactions follow {cutoff};"
            " give an earlier --cutoff, or a shorter horizon"
        )


def _learning(loaded: Tables, asked: Period, kind: Protocol) -> Period:
    customers = len(asked.examples.spend)
    if customers < _FEWEST_CUSTOMERS:
        raise InputError(
            f"--cutoff {asked.cutoff}: only {customers} customers had bought by then; at least"
            f" {_FEWEST_CUSTOMERS} are needed"
        )
    if kind == "split":
        return asked
    before = protocol.earlier(loaded, asked)
    if before is None or len(before.examples.spend) < _FEWEST_CUSTOMERS:
        raise InputError(
            f"--cutoff {asked.cutoff}: the log begins on {loaded.first_day}, too little before it"
            " to learn from anything but the answer; give a later day, or --protocol split"
        )
    return before


def _truth(truth: pd.DataFrame, asked: Period) -> Forecast:
    """What the simulation knew, for the customers of the period in their order."""
    start = asked.cutoff + timedelta(days=1)
    end = asked.cutoff + timedelta(days=asked.horizon_days)
    spend = simulate.expected_spend(truth, start, end)
    silent = simulate.no_purchase_probability(truth, start, end)
    strangers = sorted(set(asked.customer_ids) - set(spend.index))
    if strangers:
        raise InputError(
            f"--truth: it does not know {len(strangers):,} of the customers, {strangers[0]} for"
            " one: give the truth.csv that was written with these tables"
        )
    order = asked.customer_ids.to_list()
    return Forecast(
        spend.loc[order].to_numpy(dtype=np.float64), silent.loc[order].to_numpy(dtype=np.float64)
    )


def _peers(asked: Period, unseen: Unseen) -> peers.PeerForecasts:
    rows = unseen(asked.customer_ids)
    history = History.from_features(asked.features)
    return peers.forecasts(history.of(~rows), history.of(rows), asked.horizon_days)


def _beside(
    found: HoldOut,
    classic: Mapping[str, Forecast],
    truth: Forecast | None,
    asked: Period,
    unseen: Unseen,
) -> HoldOut:
    ours = {name: forecast for name, forecast in found.forecasts.items() if name != CLASSIC}
    known = {}
    if truth is not None:
        rows = unseen(asked.customer_ids)
        known = {TRUTH: Forecast(truth.spend[rows], truth.churn[rows])}
    return replace(found, forecasts={**ours, **classic, **known})


def _figures(hold_outs: list[HoldOut]) -> tuple[Compared, ...]:
    return tuple(
        Compared(model, measure, _methods(measure, hold_outs))
        for model, measures in MEASURES.items()
        for measure in measures
    )


def _methods(measure: Measure, hold_outs: list[HoldOut]) -> dict[str, Spread]:
    # A peer that could not be fitted for one seed is left out of all.
    names = [
        name for name in hold_outs[0].forecasts if all(name in one.forecasts for one in hold_outs)
    ]
    values = {name: [measure.of(one, one.forecasts[name]) for one in hold_outs] for name in names}
    return {
        name: _spread([value for value in found if value is not None])
        for name, found in values.items()
        if None not in found
    }


def _spread(values: list[float]) -> Spread:
    from scipy.stats import t  # noqa: PLC0415 - takes a second to import

    count = len(values)
    half_width = None
    if count > 1:
        error = float(np.std(values, ddof=1)) / count**0.5
        half_width = float(t.ppf(0.975, count - 1)) * error
    return Spread(float(np.mean(values)), half_width, tuple(values))


def _stability(loaded: Tables, asked: Period) -> Stability:
    now = behaviour(asked.examples.records)
    model = segment.fit(now)
    personas = model.predict(now)
    agreement = stability.bootstrapped(personas, now, _BOOTSTRAPS, seed=0)
    halves = [stability.split_half(now, seed) for seed in range(_BOOTSTRAPS)]
    weekly = _weekly(loaded, asked.cutoff)
    found = {**agreement, "Split-half ARI": halves}
    if weekly:
        found["Same persona over a weekly warm retrain"] = weekly
    return Stability(
        {name: float((personas == number).mean()) for number, name in enumerate(segment.NAMES)},
        {name: (float(np.mean(values)), min(values)) for name, values in found.items()},
    )


def _weekly(loaded: Tables, last: date) -> list[float]:
    """Retrainings on the last weeks before a day, each from the one before."""
    first = last - timedelta(weeks=_WEEKS)
    if first <= loaded.first_day:
        return []
    model, kept = None, []
    for week in range(_WEEKS + 1):
        frame = features.customer_features(loaded, first + timedelta(weeks=week))
        now = behaviour(records(frame))
        if model is None:
            model = segment.fit(now)
        else:
            model, same = stability.retrained(model, now)
            kept.append(same)
    return kept
