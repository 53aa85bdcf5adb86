"""What all tables are made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """Two figures of the run, and what their ratio was meant to be, if anything."""

    name: str
    value: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def target(self) -> str:
        """In words."""
        if self.at_least is not None:
            return f"at least {self.at_least:g}"
        return "" if self.at_most is None else f"at most {self.at_most:g}"

    @property
    def verdict(self) -> str:
        """Whether it is so."""
        if self.at_least is None and self.at_most is None:
            return ""
        high_enough = self.at_least is None or self.value >= self.at_least
        low_enough = self.at_most is None or self.value <= self.at_most
        return "met" if high_enough and low_enough else "missed"


@dataclass(frozen=True)
class Section:
    """A table with a heading, and what has to be known to read it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    words: int = 1
    """The first columns, which hold words; the others hold figures."""


def figure(value: float) -> str:
    """Three significant digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.{1 if value >= 10 else 2 if value >= 1 else 3}f}"
