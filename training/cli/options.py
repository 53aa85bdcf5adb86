"""The options that several commands share, and what they make."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any, ParamSpec, TypedDict, TypeVar

import click

from foretell.tables import Sources
from training.request import (
    DEFAULT_HORIZON_DAYS,
    DEFAULT_RISK_THRESHOLDS,
    RiskThresholds,
    TrainingRequest,
)

P = ParamSpec("P")
R = TypeVar("R")

_Option = Callable[[Callable[..., Any]], Callable[..., Any]]

DAY = click.DateTime(["%Y-%m-%d"])


class _RiskThresholds(click.ParamType[RiskThresholds]):
    """Three probabilities, each above the one before."""

    name = "thresholds"

    def convert(
        self,
        value: str | RiskThresholds,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> RiskThresholds:
        if not isinstance(value, str):
            return value
        try:
            medium, high, critical = (float(part) for part in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is not three numbers such as 0.25,0.5,0.75", param, ctx)
        if not 0 < medium < high < critical < 1:
            self.fail(f"{value!r}: give three rising numbers between 0 and 1", param, ctx)
        return medium, high, critical


horizon_option = click.option(
    "--horizon-days",
    type=click.IntRange(min=1),
    default=DEFAULT_HORIZON_DAYS,
    show_default=True,
    help="How far ahead to look.",
)

_TABLES: tuple[_Option, ...] = (
    click.option(
        "--customers",
        metavar="PATH",
        help="Optional table: customer_id, signup_date, age, account_type.",
    ),
    click.option(
        "--engagement",
        metavar="PATH",
        help=(
            "Optional table: customer_id, month, emails_sent, emails_opened, website_visits,"
            " support_tickets."
        ),
    ),
    click.option(
        "--column",
        "columns",
        multiple=True,
        metavar="NAME=EXPRESSION",
        help=(
            "Where a column comes from: a source column or SQL over the source columns."
            " Repeat it for each; TABLE.NAME=EXPRESSION names the table."
        ),
    ),
    click.option(
        "--timezone",
        default="UTC",
        show_default=True,
        help="The shop's, such as Europe/Berlin: it decides where a day ends.",
    ),
)

_TRAINING: tuple[_Option, ...] = (
    *_TABLES,
    click.option(
        "--as-of",
        type=DAY,
        metavar="DATE",
        help="Train as if it were the end of this day. [default: the log's last day]",
    ),
    horizon_option,
    click.option(
        "--risk-thresholds",
        type=_RiskThresholds(),
        default=DEFAULT_RISK_THRESHOLDS,
        metavar="M,H,C",
        help=(
            "Churn probabilities from which the risk is medium, high and critical."
            " [default: 0.25,0.5,0.75]"
        ),
    ),
    click.option(
        "--force",
        metavar="REASON",
        help="Make the version live even if a gate fails; the manifest keeps the reason.",
    ),
)


class TableOptions(TypedDict):
    """What table_options hands to a command."""

    customers: str | None
    engagement: str | None
    columns: tuple[str, ...]
    timezone: str


class TrainingOptions(TableOptions):
    """What training_options hands to a command."""

    as_of: datetime | None
    horizon_days: int
    risk_thresholds: RiskThresholds
    force: str | None


def table_options(command: Callable[P, R]) -> Callable[P, R]:
    """The options that say where the optional tables are, and how to read them all."""
    return _with(_TABLES, command)


def training_options(command: Callable[P, R]) -> Callable[P, R]:
    """The options that say what to train on, as the keyword arguments TrainingOptions."""
    return _with(_TRAINING, command)


def _with(options: Iterable[_Option], command: Callable[P, R]) -> Callable[P, R]:
    for option in reversed(tuple(options)):
        command = option(command)
    return command


def sources(transactions: str, options: TableOptions) -> Sources:
    """Where the raw tables are."""
    return Sources(
        transactions,
        options["customers"],
        options["engagement"],
        options["columns"],
        options["timezone"],
    )


def training_request(transactions: str, options: TrainingOptions) -> TrainingRequest:
    """What a command with the training options asks for."""
    return TrainingRequest(
        sources(transactions, options),
        day(options["as_of"]),
        options["horizon_days"],
        options["risk_thresholds"],
        (options["force"] or "").strip() or None,
    )


def day(moment: datetime | None) -> date | None:
    """The date that click read."""
    return moment.date() if moment else None
