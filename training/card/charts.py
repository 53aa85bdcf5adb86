"""The charts of the card; keys and captions stand beside them, as text of the page."""

from collections.abc import Mapping, Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from foretell.manifest import FieldDistribution, ReliabilityBin, Tenth
from training.card import words
from training.card.figures import PERFECT, SHARES
from training.card.histograms import Bar, account_types, bars
from training.card.svg import (
    ACTUAL,
    GRID,
    INK,
    INSIDE,
    MUTED,
    OPEN,
    SERIES,
    Drawing,
    Sheet,
    settings,
)
from training.evaluate.hold_out import Vector

WIDTH: Final = 400.0
_MARKERS: Final = ("o", "s", "^", "D")
_DASHES: Final = ("-", (0, (5, 2)), (0, (2, 1.5)), (0, (6, 2, 1, 2)))
_PER_CENT: Final = FuncFormatter(lambda value, _: f"{100 * value:.0f}")
_COMPACT: Final = FuncFormatter(lambda value, _: words.compact(value))
_ROW: Final = 27.0


def series(position: int) -> int:
    """Colour and mark of the method at a position: the first is ours, the others share the rest."""
    return 1 + (position - 1) % (len(SERIES) - 1) if position else 0


def tenths(groups: Sequence[Tenth]) -> Drawing:
    """What each tenth of the customers spent as bars, and each method's forecast as a mark."""
    with settings("tenths"):
        sheet = Sheet(WIDTH, 310)
        axes = _by_tenth(sheet, len(groups))
        places = range(1, len(groups) + 1)
        axes.bar(places, [group.actual for group in groups], width=0.72, color=ACTUAL)
        for number, name in reversed(list(enumerate(groups[0].peers, start=1))):
            _marks(axes, [*places], [group.peers[name] for group in groups], series(number))
        _marks(axes, [*places], [group.forecast for group in groups], 0)
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_formatter(_COMPACT)
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
        sheet.note(4, 16, "Spend per customer, mean")
        return sheet.drawing()


def gains(curves: Mapping[str, Vector]) -> Drawing:
    """Share of the revenue over share of the customers, best forecast first."""
    with settings("gains"):
        sheet = Sheet(WIDTH, 310)
        axes = sheet.axes(left=40, top=34, right=12, bottom=48)
        axes.plot([0, 1], [0, 1], color=GRID, linewidth=1.5)
        methods = [name for name in curves if name != PERFECT]
        axes.plot(SHARES, curves[PERFECT], color=MUTED, linewidth=1.5, linestyle=(0, (1, 2)))
        for number, name in reversed(list(enumerate(methods))):
            _line(axes, curves[name], series(number))
        _unit_square(axes)
        sheet.note(4, 16, "Revenue so far, %")
        sheet.note(WIDTH / 2 + 14, 302, "Customers, best forecast first, %", "center")
        return sheet.drawing()


def coverage(groups: Sequence[Tenth], target: float) -> Drawing:
    """Spend below, inside and above the interval, for each tenth of the customers."""
    with settings("coverage"):
        sheet = Sheet(WIDTH, 310)
        axes = _by_tenth(sheet, len(groups))
        places = range(1, len(groups) + 1)
        below = [group.below for group in groups]
        inside = [group.inside for group in groups]
        floor = [group.below + group.inside for group in groups]
        axes.bar(places, below, width=0.72, color=SERIES[2])
        axes.bar(places, inside, width=0.72, color=INSIDE, bottom=below)
        axes.bar(places, [g.above for g in groups], width=0.72, color=SERIES[1], bottom=floor)
        for border in ((1 - target) / 2, (1 + target) / 2):
            axes.axhline(border, color=INK, linewidth=1.4, linestyle=(0, (4, 3)))
        axes.set_ylim(0, 1)
        axes.yaxis.set_major_formatter(_PER_CENT)
        sheet.note(4, 16, "Customers of the group, %")
        return sheet.drawing()


def reliability(
    ours: Sequence[ReliabilityBin], peer: Sequence[ReliabilityBin], peer_number: int
) -> Drawing:
    """The share that left over the probability given, above the number of customers."""
    with settings("reliability"):
        sheet = Sheet(WIDTH, 390)
        axes = sheet.axes(left=40, top=34, right=12, bottom=132)
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1.2, linestyle=(0, (4, 3)))
        for found in ours:
            axes.plot([found.told] * 2, [found.low, found.high], color=SERIES[0], linewidth=1.5)
        _marks(axes, [b.told for b in peer], [b.left for b in peer], peer_number)
        _marks(axes, [b.told for b in ours], [b.left for b in ours], 0)
        _unit_square(axes)
        axes.tick_params(labelbottom=False)
        _numbers_of_customers(sheet, ours)
        sheet.note(4, 16, "Really left, %")
        sheet.note(4, 282, "Customers")
        sheet.note(WIDTH / 2 + 14, 382, "Probability of leaving given, %", "center")
        return sheet.drawing()


def importance(name: str, shares: Mapping[str, float]) -> Drawing:
    """A bar for each field of the record, most important first."""
    with settings(f"importance {name}"):
        ranked = sorted(shares.items(), key=lambda item: -item[1])
        sheet = Sheet(WIDTH, _ROW * len(ranked) + 8)
        axes = sheet.axes(left=164, top=4, right=48, bottom=4)
        axes.barh(range(len(ranked)), [share for _, share in ranked], height=0.62, color=SERIES[0])
        for place, (_, share) in enumerate(ranked):
            axes.annotate(
                words.percent(share),
                (share, place),
                (6, 0),
                textcoords="offset points",
                va="center",
            )
        axes.set_yticks(range(len(ranked)), [words.field(field) for field, _ in ranked])
        axes.tick_params(axis="y", labelcolor=INK)
        axes.set_xticks([])
        axes.grid(visible=False)
        axes.spines["bottom"].set_visible(False)
        axes.set_ylim(len(ranked) - 0.5, -0.5)
        axes.set_xlim(0, max(*shares.values(), 1e-9))
        return sheet.drawing()


def distribution(name: str, field: FieldDistribution) -> Drawing:
    """A small histogram of one field."""
    with settings(f"distribution {name}"):
        sheet = Sheet(240, 96)
        axes = sheet.axes(left=6, top=6, right=6, bottom=22)
        axes.grid(visible=False)
        axes.set_yticks([])
        if name == "account_type":
            _account_types(axes, account_types(field))
        else:
            _histogram(axes, bars(field), field.edges)
        return sheet.drawing()


def _by_tenth(sheet: Sheet, groups: int) -> Axes:
    axes = sheet.axes(left=46, top=34, right=8, bottom=48)
    axes.set_xticks(range(1, groups + 1))
    axes.set_xlim(0.4, groups + 0.6)
    sheet.note(46, 302, "← least valuable tenth")
    sheet.note(WIDTH - 8, 302, "most valuable tenth →", "right")
    return axes


def _marks(axes: Axes, x: Sequence[float], y: Sequence[float], number: int) -> None:
    """Marks of one method: ours are filled, those of peers hollow."""
    axes.plot(
        x,
        y,
        linestyle="none",
        marker=_MARKERS[number],
        markersize=6.5 if number else 8,
        markeredgewidth=1.6,
        markeredgecolor=SERIES[number],
        markerfacecolor="none" if number else SERIES[number],
        clip_on=False,
    )


def _line(axes: Axes, curve: Vector, number: int) -> None:
    width = 1.8 if number else 2.8
    axes.plot(SHARES, curve, color=SERIES[number], linewidth=width, linestyle=_DASHES[number])


def _unit_square(axes: Axes) -> None:
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1]
    axes.set_xticks(ticks)
    axes.set_yticks(ticks)
    axes.xaxis.set_major_formatter(_PER_CENT)
    axes.yaxis.set_major_formatter(_PER_CENT)


def _numbers_of_customers(sheet: Sheet, bins: Sequence[ReliabilityBin]) -> None:
    axes = sheet.axes(left=40, top=292, right=12, bottom=48)
    axes.bar([b.start + 0.05 for b in bins], [b.customers for b in bins], 0.086, color=ACTUAL)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    axes.xaxis.set_major_formatter(_PER_CENT)
    axes.yaxis.set_major_locator(MaxNLocator(2, integer=True))
    axes.yaxis.set_major_formatter(_COMPACT)


def _histogram(axes: Axes, found: Sequence[Bar], edges: Sequence[float]) -> None:
    for bar in found:
        colour = OPEN if bar.is_open else SERIES[0]
        axes.bar(bar.start, bar.height, bar.width, align="edge", color=colour)
    axes.set_xlim(found[0].start, found[-1].start + found[-1].width)
    ends = sorted({edges[0], edges[-1]})
    axes.set_xticks(ends, [words.compact(end) for end in ends])
    # The first edge is often so near to the border that a centred label would leave the drawing.
    axes.get_xticklabels()[0].set_horizontalalignment("left")


def _account_types(axes: Axes, found: Mapping[str, float]) -> None:
    axes.bar(range(len(found)), list(found.values()), width=0.7, color=SERIES[0])
    axes.set_xticks(range(len(found)), list(found))
    axes.set_xlim(-0.6, len(found) - 0.4)
