"""Numbers and names as a reader wants them, and what the measures mean in one sentence."""

from datetime import date
from typing import Final

_NARROW_SPACE: Final = "\u00a0"
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_WHOLE: Final = 100
_TENS: Final = 10

FIELDS: Final = {
    "tenure_days": "Days since first purchase",
    "recency": "Days since last purchase",
    "frequency": "Purchases per 30 days",
    "monetary": "Total spend so far",
    "age": "Age in years",
    "account_type": "Account type",
    "avg_purchase_amount": "Spend per purchase",
    "email_open_rate": "Mails opened, per cent",
    "website_visits_per_month": "Site visits per month",
    "support_tickets": "Support tickets",
}

GLOSSARY: Final = {
    "MAE": "How far the expected spend is off for one customer, on average, in currency.",
    "MAE of the median": "The same for the median: the forecast as often too high as too low.",
    "RMSE": "As MAE, but a large miss counts more than many small ones.",
    "Bias": "All forecasts added up, over what was really spent. 1 is right.",
    "Gini": "How well customers are put in order of their worth: 1 is perfect, 0 is chance.",
    "Spearman": "How far the order forecast and the real order agree: 1 is fully, 0 not at all.",
    "Top-decile share": "Share of the revenue from the tenth forecast to be worth most.",
    "Decile MAPE": "How far the forecast of a tenth of the customers is off, on average,"
    " as a share of what they spent.",
    "Interval coverage": "Share of the customers who spent an amount inside their interval.",
    "Upper miss": "Share of the customers who spent more than the upper end of their interval.",
    "AUC": "Of a customer who left and one who stayed, how often the one who left had the higher"
    " probability: 1 is always, 0.5 is chance.",
    "Brier": "Squared distance between the probability and what happened, on average: 0 is best.",
    "Log loss": "Punishes probabilities that were sure and wrong; 0 is best.",
    "Calibration error": "Distance between the probability given and the share that left,"
    " on average: 0 is best.",
    "Variance explained": "How much of the difference between customers the personas account for:"
    " 1 is all, 0 is none.",
    "Bootstrap ARI": "How far customers keep their persona when other customers are drawn:"
    " 1 is all of them, 0 is chance.",
}


def count(number: float) -> str:
    """Whole number with separators: 23,570."""
    return f"{number:,.0f}"


def amount(number: float) -> str:
    """Money or another quantity without a unit, as exact as its size deserves: 498, 21.4, 3.07."""
    return _decimals(number, small=2)


def quantity(number: float) -> str:
    """Days, purchases and the like: whole as they mostly are, or with the digits they need."""
    return count(number) if number == round(number) else amount(number)


def figure(number: float) -> str:
    """Value of a measure: 187, 91.3, 0.843."""
    return _decimals(number, small=3)


def percent(share: float) -> str:
    """A share in per cent: 46 %; under one per cent with a decimal, so that few is not none."""
    rounded = f"{_WHOLE * share:.0f}"
    if rounded in {"0", "1"} and round(_WHOLE * share, 1) not in {0.0, 1.0}:
        rounded = f"{_WHOLE * share:.1f}"
    return f"{rounded}{_NARROW_SPACE}%"


def hundredths(share: float) -> str:
    """A share as so many of every 100."""
    return f"{_WHOLE * share:.0f}"


def day(when: date) -> str:
    """31 December 2025, whatever the language of the machine."""
    return f"{when.day}{_NARROW_SPACE}{_MONTHS[when.month - 1]}{_NARROW_SPACE}{when.year}"


def field(name: str) -> str:
    """The field of the record as a person would call it."""
    return FIELDS.get(name, name.replace("_", " ").capitalize())


def compact(number: float) -> str:
    """For an axis, at most six characters: 0.25, 1,500, 25 k, 3.2 M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(number) >= size:
            return f"{number / min(size, 1e3 if unit == 'k' else size):,.3g}{_NARROW_SPACE}{unit}"
    return f"{number:,.3g}" if abs(number) < _WHOLE else f"{number:,.0f}"


def _decimals(number: float, small: int) -> str:
    size = abs(number)
    places = 0 if size >= _WHOLE else 1 if size >= _TENS else small
    return f"{round(number, places) + 0.0:,.{places}f}"
