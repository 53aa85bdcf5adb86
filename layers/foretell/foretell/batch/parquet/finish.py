# ruff: noqa: S608 - statements are made of quoted names and literals (see database.py)
"""predictions.parquet: the columns of the source, as they are, and the answers beside them."""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from foretell.batch.answers import CENTS, COLUMNS, MILLIONTHS, Words, column_names
from foretell.batch.parquet.answers import KEPT, ROW, packed_rows, read_packed
from foretell.batch.parquet.database import blaming_the_file, file, name, opened, table, text
from foretell.batch.parquet.layout import ParquetLayout, recognise

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_TYPES: Final = {"|b1": "BOOLEAN", "|u1": "UTINYINT", "<i4": "INTEGER", "<i8": "BIGINT"}

# A row group is put together in memory, unpacked.
_ROWS_OF_A_GROUP: Final = 122_880
_FEWEST_ROWS: Final = 2_048
_BYTES_OF_A_GROUP: Final = 32 << 20


def finish(
    source: Path, answers: Path, words: Words, target: Path, workspace: Path, memory: str
) -> None:
    """Write the predictions; the same source and answers give the same bytes.

    Args:
        source: the file that was scored.
        answers: what `written` made of all its rows, one after the other.
        words: those of the version that scored it.
        target: the file to write.
        workspace: an existing folder for what does not fit into memory: about as much as
            `answers`.
        memory: what DuckDB may take, such as 512MB; a quarter does for tables without long texts.

    Raises:
        UnscorableFile: a column that was not read so far is damaged, or too large for the memory,
            or the disk is full.
        ValueError: the answers are not those of all rows of the source.
    """
    layout = recognise(source)
    if packed_rows(answers) != layout.rows:
        raise ValueError(
            f"{answers} has {packed_rows(answers)} rows and {source} has {layout.rows}"
        )
    with (
        TemporaryDirectory(dir=workspace) as folder,
        opened(memory, Path(folder), Path(folder, "answers.duckdb")) as connection,
        blaming_the_file(),
    ):
        _load(connection, answers)
        connection.execute(
            f"""COPY (
                SELECT source.*, {_columns(layout, words)}
                FROM {table(source)} AS source POSITIONAL JOIN answers
                WHERE answers.{KEPT}
            ) TO {text(str(target.absolute()))} (
                FORMAT parquet, COMPRESSION snappy,
                ROW_GROUP_SIZE {_rows_of_a_group(connection, source, layout)}
            )"""
        )


def _load(connection: "DuckDBPyConnection", answers: Path) -> None:
    columns = ", ".join(f"{column} {_TYPES[ROW[column].str]}" for column in ROW.names or ())
    connection.execute(f"CREATE TABLE answers ({columns})")
    for packed in read_packed(answers):
        connection.register("packed", packed)
        connection.execute("INSERT INTO answers SELECT * FROM packed")
        connection.unregister("packed")


def _columns(layout: ParquetLayout, words: Words) -> str:
    """COLUMNS, as figures and words, under the names that the source leaves free."""
    taken = frozenset(column.lower() for column in layout.names)
    expressions = _expressions(words)
    return ", ".join(
        f"{expressions[column]} AS {name(called)}"
        for column, called in zip(COLUMNS, column_names(taken), strict=True)
    )


def _expressions(words: Words) -> dict[str, str]:
    amounts = (
        "customer_lifetime_value",
        "interval_low",
        "interval_median",
        "interval_high",
        "value_at_risk",
    )
    tiers, risks = len(words.value_tiers), len(words.risk_categories)
    action = (
        f"(answers.segment_id * {risks} + answers.risk_category) * {tiers} + answers.value_tier"
    )
    actions = (action for risks in words.actions for tiers in risks for action in tiers)
    return {
        **{column: _decimal(column, CENTS) for column in amounts},
        "value_tier": _word(words.value_tiers, "answers.value_tier"),
        "churn_probability": _decimal("churn_probability", MILLIONTHS),
        "risk_category": _word(words.risk_categories, "answers.risk_category"),
        "segment_id": "CAST(answers.segment_id AS INTEGER)",
        "segment_name": _word(words.segment_names, "answers.segment_id"),
        "distance_to_center": _decimal("distance_to_center", MILLIONTHS),
        "recommended_action": _word(actions, action),
        "horizon_days": f"CAST({words.horizon_days} AS INTEGER)",
        "model_version": text(words.model_version),
    }


def _decimal(column: str, places: int) -> str:
    return f"CAST(answers.{column} AS DOUBLE) / {10**places}"


def _word(words: Iterable[str], code: str) -> str:
    return f"([{', '.join(text(word) for word in words)}])[{code} + 1]"


def _rows_of_a_group(connection: "DuckDBPyConnection", source: Path, layout: ParquetLayout) -> int:
    """So many that a group fits into memory, whatever the columns hold."""
    found = connection.execute(
        f"""SELECT coalesce(sum(total_uncompressed_size), 0)
        FROM parquet_metadata({file(source)})"""
    ).fetchall()
    row = int(found[0][0]) // max(layout.rows, 1) + ROW.itemsize
    return min(max(_BYTES_OF_A_GROUP // row, _FEWEST_ROWS), _ROWS_OF_A_GROUP)
