# ruff: noqa: S608 - statements are made of quoted names and literals (see sql.py)
"""Turn checked rows into a report, and refuse a table that is mostly unreadable."""

from collections.abc import Mapping, Sequence
from itertools import groupby

import duckdb

from foretell.tables import sql
from foretell.tables.errors import InputError
from foretell.tables.mapping import Column
from foretell.tables.raw import RawTable
from foretell.tables.report import Example, Finding, TableReport
from foretell.tables.rows import CHECKED, Check

EXAMPLES = 5
MOST_UNREADABLE = 0.05


def table_report(
    connection: duckdb.DuckDBPyConnection,
    raw: RawTable,
    columns: Mapping[str, Column],
    drop: Sequence[Check],
    blank: Sequence[Check] = (),
) -> TableReport:
    """Count the rows of `checked` by reason.

    Raises:
        InputError: more than 5 % of the rows are unreadable, or none is left.
    """
    found = _findings(connection, raw, columns, drop, f"SELECT *, reason AS why FROM {CHECKED}")
    dropped = (*_broken(raw), *found)
    blanked = _findings(
        connection,
        raw,
        columns,
        blank,
        f"SELECT *, unnest(blanks) AS why FROM {CHECKED} WHERE reason IS NULL",
    )
    read = raw.rows + raw.broken
    kept = read - sum(finding.count for finding in dropped)
    report = TableReport(
        raw.table, tuple(file.name for file in raw.files), read, kept, dropped, blanked
    )
    _refuse_unreadable(report, {check.reason for check in drop if not check.unreadable})
    return report


def _broken(raw: RawTable) -> list[Finding]:
    rows = [(broken, file) for file in raw.files for broken in file.content.broken]
    rows.sort(key=lambda pair: pair[0].reason)  # stable: the order of files and rows remains
    findings = []
    for reason, group in groupby(rows, key=lambda pair: pair[0].reason):
        members = list(group)
        examples = tuple(
            Example(file.name, broken.row, reason, broken.text[:200])
            for broken, file in members[:EXAMPLES]
        )
        findings.append(Finding(reason, len(members), examples))
    return findings


def _findings(
    connection: duckdb.DuckDBPyConnection,
    raw: RawTable,
    columns: Mapping[str, Column],
    checks: Sequence[Check],
    reasons: str,
) -> tuple[Finding, ...]:
    counted = connection.execute(
        f"SELECT why, count(*), min({sql.ROW}, {EXAMPLES}) FROM ({reasons}) "
        "WHERE why IS NOT NULL GROUP BY why"
    ).fetchall()
    found = {str(reason): (int(count), rows) for reason, count, rows in counted}
    return tuple(
        Finding(
            check.reason,
            found[check.reason][0],
            tuple(_example(connection, raw, columns, check, row) for row in found[check.reason][1]),
        )
        for check in checks
        if check.reason in found
    )


def _example(
    connection: duckdb.DuckDBPyConnection,
    raw: RawTable,
    columns: Mapping[str, Column],
    check: Check,
    rowid: int,
) -> Example:
    column = columns.get(check.column or "")
    sources = column.sources if column else raw.columns
    selected = ", ".join(sql.name(source) for source in sources)
    number, *cells = connection.execute(
        f"SELECT {sql.FILE}, {selected} FROM {raw.name} WHERE rowid = {rowid}"
    ).fetchall()[0]
    texts = ["" if cell is None else str(cell)[:200] for cell in cells]
    named = (f"{source}: {text}" for source, text in zip(sources, texts, strict=True))
    value = texts[0] if len(texts) == 1 else ", ".join(named)
    file = raw.files[number]
    return Example(file.name, file.row(rowid), check.reason, value)


def _refuse_unreadable(report: TableReport, tolerable: set[str]) -> None:
    unreadable = [finding for finding in report.dropped if finding.reason not in tolerable]
    count = sum(finding.count for finding in unreadable)
    place = ", ".join(report.files[:3]) + (", ..." if len(report.files) > 3 else "")  # noqa: PLR2004
    if count > MOST_UNREADABLE * report.rows_read:
        what = (
            f"{place}: {count:,} of {report.rows_read:,} rows of the {report.table} table cannot "
            f"be read ({_counts(unreadable)})"
        )
        raise _mostly_useless(what, unreadable)
    if report.rows_kept == 0:
        what = (
            f"{place}: no row of the {report.table} table can be used ({_counts(report.dropped)})"
        )
        raise _mostly_useless(what, report.dropped)


def _mostly_useless(what: str, findings: Sequence[Finding]) -> InputError:
    return InputError(
        f"{what}. {_first_examples(findings)}. Check the column mapping (--column) and the file",
        f"{what}. Mend the file and drop it again",
    )


def _counts(findings: Sequence[Finding]) -> str:
    return ", ".join(f"{finding.reason}: {finding.count:,}" for finding in findings)


def _first_examples(findings: Sequence[Finding]) -> str:
    examples = [example for finding in findings for example in finding.examples]
    return "; ".join(str(example) for example in examples[:3])
