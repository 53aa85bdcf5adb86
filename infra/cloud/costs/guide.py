"""The bills as tables of infra/DEPLOYING.md."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from infra.cloud.costs import bill
from infra.cloud.costs.bill import Bill, Line
from infra.cloud.costs.prices import Price
from infra.cloud.costs.usage import DEV, PROD, Setting
from infra.cloud.errors import NotReady

GUIDE: Final = Path(__file__).parents[2] / "DEPLOYING.md"
BEGIN: Final = "<!-- python -m infra.cloud costs --write -->"
END: Final = "<!-- end of the tables -->"

_HUNDRED: Final = 100
_HALF_A_CENT: Final = 0.005

WORKLOADS: Final = (0, 1_000, 100_000, 10_000_000)
FILE_ROWS: Final = 10_000_000


def tables() -> str:
    """All tables, as Markdown."""
    return "\n".join((*_totals(), *_months(PROD), *_files(), *_sources())).rstrip() + "\n"


def written(document: str) -> str:
    """The tables that stand in a guide.

    Raises:
        NotReady: the guide has no place for them.
    """
    _, begin, rest = document.partition(BEGIN + "\n")
    found, end, _ = rest.partition(END)
    if not begin or not end:
        raise NotReady(
            f"{GUIDE.name} has no place for tables: it needs the lines {BEGIN} and {END}"
        )
    return found


def write(told: str, guide: Path = GUIDE) -> None:
    """Put the tables where the ones before stand.

    Raises:
        NotReady: the guide has no place for them.
    """
    document = guide.read_text(encoding="utf-8")
    before = written(document)
    guide.write_text(
        document.replace(f"{BEGIN}\n{before}{END}", f"{BEGIN}\n{told}{END}"), encoding="utf-8"
    )


def _totals() -> Iterator[str]:
    yield "US dollars a month, by predictions asked for one at a time:"
    yield ""
    yield _row("", *_headings())
    yield _row("---", *("---:" for _ in WORKLOADS))
    for setting in (DEV, PROD):
        yield _row(setting.name, *(f"{bill.total(bill.month(n, setting)):.2f}" for n in WORKLOADS))
    yield ""


def _months(setting: Setting) -> Iterator[str]:
    yield f"The arithmetic of `{setting.name}`: quantity = dollars, at the price beside."
    yield ""
    yield _row("", "price", *_headings())
    yield _row("---", "---", *("---:" for _ in WORKLOADS))
    bills = [bill.month(n, setting) for n in WORKLOADS]
    for lines in zip(*bills, strict=True):
        first = lines[0]
        yield _row(first.what, _price(first.price), *(_arithmetic(line) for line in lines))
    yield _row("**together**", "", *(f"**{bill.total(lines):.2f}**" for lines in bills))
    yield ""


def _files() -> Iterator[str]:
    lines = bill.file(FILE_ROWS)
    yield f"A file of {FILE_ROWS:,} customers, scored once a month, beside an idle month:"
    yield ""
    yield _row("", "price", "quantity = dollars")
    yield _row("---", "---", "---:")
    for line in lines:
        yield _row(line.what, _price(line.price), _arithmetic(line))
    yield _row("**together**", "", f"**{bill.total(lines):.2f}**")
    yield ""


def _sources() -> Iterator[str]:
    yield "Where the prices were read, on 23 November 2026:"
    yield ""
    for source, priced in sorted(_by_source().items(), key=lambda each: (not each[0], each[0])):
        where = source or "from memory, checked nowhere"
        yield f"- {where}: {'; '.join(priced)}"
    yield ""


def _by_source() -> dict[str, list[str]]:
    found: dict[str, dict[str, None]] = {}
    for line in _all_lines():
        found.setdefault(line.price.source or "", {})[line.what] = None
    return {source: list(priced) for source, priced in found.items()}


def _all_lines() -> Bill:
    return (*bill.month(1, PROD), *bill.file(1))


def _headings() -> Sequence[str]:
    return ["idle" if not each else f"{each:,}" for each in WORKLOADS]


def _price(price: Price) -> str:
    amount = f"{price.dollars:.10f}".rstrip("0")
    cents = max(len(amount.partition(".")[2]), 2)
    per = "" if price.per == 1 else f"{price.per:,.0f} "
    unit = price.unit.removesuffix("s") if price.per == 1 else price.unit
    return f"${price.dollars:.{cents}f} / {per}{unit}"


def _arithmetic(line: Line) -> str:
    if not line.quantity:
        return "0"
    return f"{_quantity(line.quantity)} = {_dollars(line.dollars)}"


def _quantity(quantity: float) -> str:
    if quantity >= _HUNDRED or quantity == int(quantity):
        return f"{quantity:,.0f}"
    return f"{quantity:.2g}" if quantity < 1 else f"{quantity:.1f}"


def _dollars(dollars: float) -> str:
    return f"{dollars:.2f}" if dollars >= _HALF_A_CENT else "< 0.01"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
