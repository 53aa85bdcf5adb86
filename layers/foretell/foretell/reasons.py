"""Why a customer is answered as he is: exact contributions, by the names the caller knows.

For churn a field contributes points of probability. Lifetime value is a product, so its parts are
factors: how likely the customer is still one, how often such a one buys, what he spends at a time,
and by how much the trees correct the three for each field of the record.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from foretell.contract import RECORD_FIELDS, CustomerRecord
from foretell.manifest import Baselines

Floats = npt.NDArray[np.float32]
Wide = npt.NDArray[np.float64]
Fields = dict[str, Any]

PARTS: Final = ("still_active", "buying_rate", "order_value")
"""Of the expected spend, whose product it is."""

_NAMES: Final = (*PARTS, *RECORD_FIELDS)
_NOTHING: Final = 5e-7
_AVG_PURCHASE_AMOUNT: Final = RECORD_FIELDS.index("avg_purchase_amount")
_MONETARY: Final = RECORD_FIELDS.index("monetary")


class Seen(NamedTuple):
    """What the graph of a version saw of a customer, and expected."""

    purchases: float
    usual_gap: float
    """Days between purchases."""
    still_active: float
    buying_rate: float
    """Purchases within the horizon of a customer who is still one."""
    order_value: float
    expected_spend: float

    def log_parts(self, smallest_expected_spend: float) -> tuple[float, float, float]:
        """Logarithms of PARTS; they add up to that of the spend the trees correct.

        Where so little is expected that the smallest amount is corrected instead, it is the
        customer's being active that is held to be more likely.
        """
        rate, amount = math.log(self.buying_rate), math.log(self.order_value)
        expected = math.log(max(self.expected_spend, smallest_expected_spend))
        return expected - rate - amount, rate, amount


def seen(features: Floats, purchases_if_alive: Wide, names: Sequence[str]) -> Iterator[Seen]:
    """One for each row of a graph's outputs.

    Args:
        features: shape (rows, len(names)).
        purchases_if_alive: shape (rows, 1).
        names: of the features, from the manifest.

    """
    column = {name: number for number, name in enumerate(names)}
    for row, rate in zip(features.tolist(), purchases_if_alive[:, 0].tolist(), strict=True):
        yield Seen(
            row[column["purchases"]],
            row[column["days_between_purchases"]],
            row[column["alive"]],
            rate,
            row[column["mean_amount"]],
            row[column["expected_spend"]],
        )


@dataclass
class Customer:
    """One customer: what was sent, what was seen, and how far ahead the version looks."""

    record: CustomerRecord
    seen: Seen
    horizon_days: int
    _said: dict[str, str] = field(default_factory=dict)

    def sentence(self, name: str) -> str:
        """A field of the record, or one of PARTS, for people."""
        # Reasons and drivers often name the same.
        if name not in self._said:
            self._said[name] = _sentence(name, self)
        return self._said[name]


def churn_reasons(customer: Customer, contributions: Sequence[float]) -> tuple[Fields, ...]:
    """The fields of a contract.Reason for each field that counts, strongest first.

    `contributions` are those of churn's ShapleyTable, one per field of the record.
    """
    return tuple(
        {
            "name": name,
            "value": getattr(customer.record, name),
            "contribution": round(points, 6),
            "direction": "raises" if points > 0 else "lowers",
            "sentence": customer.sentence(name),
        }
        for name, points in _strongest(RECORD_FIELDS, _as_sent(customer.record, contributions))
    )


def value_drivers(
    customer: Customer, contributions: Sequence[float], baselines: Baselines
) -> tuple[Fields, ...]:
    """The fields of a contract.Driver for each factor that counts, strongest first.

    `contributions` are those of lifetime value's ShapleyTable, one per field of the record.
    """
    typical = (baselines.still_active, baselines.buying_rate, baselines.order_value)
    found = customer.seen.log_parts(baselines.smallest_expected_spend)
    parts = (log - math.log(usual) for log, usual in zip(found, typical, strict=True))
    logs = (*parts, *_as_sent(customer.record, contributions))
    return tuple(
        {
            "name": name,
            "value": _value(name, customer),
            "factor": float(f"{math.exp(log):.7g}"),
            "direction": "raises" if log > 0 else "lowers",
            "sentence": customer.sentence(name),
        }
        for name, log in _strongest(_NAMES, logs)
    )


def _value(name: str, customer: Customer) -> float | str | None:
    if name in PARTS:
        return float(f"{getattr(customer.seen, name):.4g}")
    found: float | str | None = getattr(customer.record, name)
    return found


def _as_sent(record: CustomerRecord, contributions: Sequence[float]) -> list[float]:
    """An average purchase that was left out was worked out from monetary."""
    points = list(contributions)
    if record.avg_purchase_amount is None:
        points[_MONETARY] += points[_AVG_PURCHASE_AMOUNT]
        points[_AVG_PURCHASE_AMOUNT] = 0.0
    return points


def _strongest(names: Sequence[str], points: Sequence[float]) -> list[tuple[str, float]]:
    moved = [pair for pair in zip(names, points, strict=True) if abs(pair[1]) > _NOTHING]
    return sorted(moved, key=lambda pair: -abs(pair[1]))


def _sentence(name: str, customer: Customer) -> str:
    if getattr(customer.record, name, name) is None:
        return f"{_TITLES[name]} not known"
    return _SENTENCES[name](customer)


def _recency(customer: Customer) -> str:
    ago = _ago(customer.record.recency)
    purchases = customer.seen.purchases
    if purchases == 0:
        return f"Last purchase {ago}"
    if purchases == 1:
        return f"Bought once, {ago}"
    # More often than daily nobody buys: the orders of a day are one purchase.
    gap = max(round(customer.seen.usual_gap), 1)
    return f"Last purchase {ago}; usually buys every {'day' if gap == 1 else _days(gap)}"


def _frequency(customer: Customer) -> str:
    purchases = _counted(round(customer.seen.purchases), "purchase")
    tenure = customer.record.tenure_days
    return f"{purchases} today" if tenure == 0 else f"{purchases} in {_days(tenure)}"


def _support_tickets(customer: Customer) -> str:
    tickets = customer.record.support_tickets or 0
    return f"{_counted(tickets, 'support ticket')} in the last three months"


def _still_active(customer: Customer) -> str:
    return f"{customer.seen.still_active:.0%} likely to be a customer still".replace("%", " %")


def _buying_rate(customer: Customer) -> str:
    rate = f"{customer.seen.buying_rate:,.1f}"
    return f"A customer like this buys {rate} times in {_days(customer.horizon_days)}, while active"


def _account_type(customer: Customer) -> str:
    kind = customer.record.account_type or ""
    return f"Has {'an' if kind[:1] in 'AEIOU' else 'a'} {kind} account"


def _ago(days: float) -> str:
    return "today" if days == 0 else f"{_days(days)} ago"


def _days(days: float) -> str:
    return "less than a day" if days < 1 else _counted(round(days), "day")


def _counted(number: float, thing: str) -> str:
    if number == 0:
        return f"No {thing}s"
    told = _number(number)
    return f"{told} {thing}{'' if told == '1' else 's'}"


def _number(number: float) -> str:
    return f"{number:z,.1f}".removesuffix(".0")


def _amount(amount: float) -> str:
    return f"{amount:z,.2f}"


_SENTENCES: Final[Mapping[str, Callable[[Customer], str]]] = {
    "tenure_days": lambda c: f"First purchase {_ago(c.record.tenure_days)}",
    "recency": _recency,
    "frequency": _frequency,
    "monetary": lambda c: f"Has spent {_amount(c.record.monetary)} so far",
    "avg_purchase_amount": lambda c: f"Spends {_amount(c.record.avg_purchase_amount or 0)} a time",
    "age": lambda c: f"{_number(c.record.age or 0)} years old",
    "account_type": _account_type,
    "email_open_rate": lambda c: f"Opens {_number(c.record.email_open_rate or 0)} % of the mails",
    "website_visits_per_month": lambda c: (
        f"{_counted(c.record.website_visits_per_month or 0, 'website visit')} a month"
    ),
    "support_tickets": _support_tickets,
    "still_active": _still_active,
    "buying_rate": _buying_rate,
    "order_value": lambda c: f"Spends about {_amount(c.seen.order_value)} a time",
}
_TITLES: Final = {name: name.replace("_", " ").capitalize() for name in RECORD_FIELDS} | {
    "email_open_rate": "Share of opened mails",
    "avg_purchase_amount": "Spend per purchase",
    "website_visits_per_month": "Website visits",
}
