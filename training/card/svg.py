"""Matplotlib figures as drawings that belong to the page: its font, its colours, its ids."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

INK: Final = "#100001"
MUTED: Final = "#100002"
GRID: Final = "#100003"
ACTUAL: Final = "#100004"
OPEN: Final = "#100005"
INSIDE: Final = "#100006"
SERIES: Final = ("#100010", "#100011", "#100012", "#100013")

# Matplotlib has no variables: these colours stand for the page's, which change in dark mode.
_VARIABLES: Final = {
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    ACTUAL: "actual",
    OPEN: "open",
    INSIDE: "inside",
} | {colour: f"series-{number}" for number, colour in enumerate(SERIES)}

_POINTS_PER_INCH: Final = 72
_SETTINGS: Final[dict[RcKeyType, Any]] = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that every machine measures the same
    "font.size": 12,
    "text.parse_math": False,
    "axes.edgecolor": GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.major.pad": 8,
    "ytick.major.pad": 6,
}
_HEAD: Final = re.compile(r".*?<svg[^>]*?viewBox=\"([^\"]*)\"[^>]*>", re.DOTALL)
_NOISE: Final = re.compile(
    r"<!--.*?-->|<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>|</svg>\s*$",
    re.DOTALL,
)
_GROUP_ID: Final = re.compile(r"(<g) id=\"[^\"]*\"")
_STYLE: Final = re.compile(r" style=\"([^\"]*)\"")
_GEOMETRY: Final = re.compile(r" (?:d|x|y|width|height|transform|points)=\"[^\"]*\"")
_NUMBER: Final = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_FONT_SIZE: Final = re.compile(r"([\d.]+)px")


@dataclass(frozen=True)
class Drawing:
    """What stands inside an <svg> element, and the viewBox of that element."""

    view_box: str
    body: Markup


class Sheet:
    """A figure being drawn; lengths are pixels of a page at its natural size."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / _POINTS_PER_INCH, height / _POINTS_PER_INCH))
        self.figure.patch.set_visible(False)
        FigureCanvasSVG(self.figure)

    def axes(self, left: float, top: float, right: float, bottom: float) -> Axes:
        """Axes with these margins, and horizontal lines only."""
        width, height = self.width - left - right, self.height - top - bottom
        box = (left / self.width, bottom / self.height, width / self.width, height / self.height)
        axes = self.figure.add_axes(box, facecolor="none")
        axes.spines["left"].set_visible(False)
        axes.grid(axis="y", color=GRID, linewidth=1)
        return axes

    def note(self, x: float, y: float, text: str, align: str = "left") -> None:
        """Text at a distance from the upper left corner."""
        self.figure.text(x / self.width, 1 - y / self.height, text, ha=align, color=MUTED)

    def drawing(self) -> Drawing:
        """What was drawn; the same drawing gives the same characters."""
        content = io.StringIO()
        self.figure.savefig(content, format="svg", metadata={"Date": None})
        return _cleaned(content.getvalue())


@contextmanager
def settings(name: str) -> Iterator[None]:
    """How figures look within the block; ids are made from the name, one for each chart."""
    with mpl.rc_context():
        mpl.rcdefaults()  # whatever the reader of this has in a matplotlibrc
        mpl.rcParams.update({**_SETTINGS, "svg.hashsalt": name})
        yield


def _cleaned(text: str) -> Drawing:
    head = _HEAD.match(text)
    if head is None:
        raise ValueError("matplotlib wrote no svg element with a viewBox")
    body = _NOISE.sub("", text[head.end() :])
    body = _GROUP_ID.sub(r"\1", body).replace("xlink:href", "href")
    body = _STYLE.sub(lambda found: _attributes(found[1]), body)
    body = _GEOMETRY.sub(lambda found: _NUMBER.sub(_rounded, found[0]), body)
    # Everything in it was drawn here, and matplotlib has escaped the texts.
    return Drawing(head[1], Markup(re.sub(r"\s*\n\s*", "\n", body).strip()))  # noqa: S704


def _attributes(style: str) -> str:
    """A style as attributes, which the page's own style may overrule; the font is the page's."""
    pairs = (pair.partition(":") for pair in style.replace("&quot;", "'").split(";"))
    return "".join(_attribute(name.strip(), value.strip()) for name, _, value in pairs if value)


def _attribute(name: str, value: str) -> str:
    if name == "font":
        size = _FONT_SIZE.search(value)
        return f' font-size="{size[1]}"' if size else ""
    variable = _VARIABLES.get(value)
    return f' {name}="var(--{variable})"' if variable else f' {name}="{value}"'


def _rounded(found: re.Match[str]) -> str:
    """Two decimals: what follows nobody sees, and it differs between processors."""
    return f"{round(float(found[0]), 2) + 0.0:g}"
