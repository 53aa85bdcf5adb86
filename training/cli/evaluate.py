"""`foretell evaluate`: our models beside the classic ones, on a log of one's own."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from training import terminal
from training.cli.options import DAY, TableOptions, horizon_option, sources, table_options

if TYPE_CHECKING:
    from training.evaluate.comparison import Protocol


@click.command(
    epilog=(
        "Example: foretell evaluate --transactions orders.csv --cutoff 2025-06-30"
        " --horizon-days 180 --protocol temporal --seeds 5"
    ),
)
@click.option(
    "--transactions",
    required=True,
    metavar="PATH",
    help="customer_id, timestamp, amount[, order_id]: CSV or Parquet; file, folder, S3 address.",
)
@table_options
@click.option(
    "--cutoff",
    type=DAY,
    required=True,
    metavar="DATE",
    help="Customers are described as of the end of this day, and watched over the horizon after.",
)
@horizon_option
@click.option(
    "--protocol",
    type=click.Choice(["split", "temporal"]),
    default="split",
    show_default=True,
    help=(
        "split: half of the customers teach, in the same days, what the other half is asked."
        " temporal: they teach what was known on the cut-off day, as in a deployment."
    ),
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="How many times to draw the halves.",
)
@click.option(
    "--truth",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="truth.csv of a simulated shop: what could be known at best is told beside.",
)
@click.option("--json", "as_json", is_flag=True, help="Print figures as JSON; progress elsewhere.")
def evaluate(
    *,
    transactions: str,
    cutoff: datetime,
    horizon_days: int,
    protocol: "Protocol",
    seeds: int,
    truth: Path | None,
    as_json: bool,
    **options: Unpack[TableOptions],
) -> None:
    """Compare with naive forecasts, BG/NBD and Pareto/NBD with Gamma-Gamma, on a log.

    The peers come from the package lifetimes and see the same customers. Intervals are 95 %
    confidence over the seeds.
    """
    from training.evaluate import comparison, report  # noqa: PLC0415

    found = comparison.evaluate(
        sources(transactions, options),
        cutoff.date(),
        horizon_days,
        protocol,
        seeds,
        truth,
        terminal.step_beside,
    )
    if as_json:
        click.echo(json.dumps(report.as_json(found), indent=2))
    else:
        terminal.console.print(*report.tables(found))
