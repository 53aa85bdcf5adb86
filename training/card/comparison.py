"""The measures of a model beside those of other methods, and who does better."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from foretell.manifest import Metric
from training.card import words


@dataclass(frozen=True)
class Cell:
    """One method's figure; None where it has none."""

    text: str | None
    is_best: bool


@dataclass(frozen=True)
class Row:
    """One measure; the cells are ours and then those of the table's peers."""

    name: str
    meaning: str
    aim: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Comparison:
    """A table of measures."""

    peers: tuple[str, ...]
    rows: tuple[Row, ...]
    losses: Mapping[str, tuple[str, ...]]
    """Measures in which a peer does better than we do, by peer."""


def compare(metrics: Sequence[Metric]) -> Comparison:
    """The table; peers in the order in which the measures name them."""
    peers = tuple(dict.fromkeys(name for metric in metrics for name in metric.peers))
    losses = {peer: tuple(_lost(metrics, peer)) for peer in peers}
    return Comparison(
        peers=peers,
        rows=tuple(_row(metric, peers) for metric in metrics),
        losses={peer: names for peer, names in losses.items() if names},
    )


def _row(metric: Metric, peers: Sequence[str]) -> Row:
    values = (metric.value, *(metric.peers.get(peer) for peer in peers))
    best = min(_distance(metric, value) for value in values if value is not None)
    return Row(
        name=metric.name,
        meaning=words.GLOSSARY.get(metric.name, ""),
        aim=_aim(metric),
        cells=tuple(_cell(metric, value, best) for value in values),
    )


def _cell(metric: Metric, value: float | None, best: float) -> Cell:
    if value is None:
        return Cell(None, is_best=False)
    # Being the best of one is no merit.
    is_best = bool(metric.peers) and _distance(metric, value) == best
    return Cell(words.figure(value), is_best)


def _lost(metrics: Iterable[Metric], peer: str) -> Iterable[str]:
    for metric in metrics:
        theirs = metric.peers.get(peer)
        if theirs is not None and _distance(metric, theirs) < _distance(metric, metric.value):
            yield metric.name


def _distance(metric: Metric, value: float) -> float:
    """How far from good; only its order means anything."""
    if metric.better == "near":
        return abs(value - _target(metric))
    return value if metric.better == "lower" else -value


def _target(metric: Metric) -> float:
    return 1.0 if metric.target is None else metric.target


def _aim(metric: Metric) -> str:
    if metric.better == "near":
        return f"should be {_target(metric):g}"
    return f"{metric.better} is better"
